"""OWLv2, ViT-B/16, as published; RefCOCO. One GPU. Not scored yet.

python tools/test.py configs/foundation/owlv2_base_refcoco.py \\
    google/owlv2-base-patch16-ensemble
"""
_base_ = [
    '../_base_/models/foundation.py', '../_base_/datasets/scored_refcoco_unc.py',
    '../_base_/schedules/scored_only.py', '../_base_/default_runtime.py'
]
model = dict(
    type='OWLv2',
    name='google/owlv2-base-patch16-ensemble')
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
