"""OWLv2, ViT-B/16, as published; RefCOCO. One GPU. Not scored yet.

python tools/test.py configs/foundation/owlv2_base_refcoco.py \\
    google/owlv2-base-patch16-ensemble
"""
_base_ = [
    '../_base_/models/owlv2_base.py', '../_base_/datasets/scored_refcoco_unc.py',
    '../_base_/schedules/scored_only.py', '../_base_/default_runtime.py'
]
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
