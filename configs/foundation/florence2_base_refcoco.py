"""Florence-2, base, as published; RefCOCO. One GPU. Not scored yet.

python tools/test.py configs/foundation/florence2_base_refcoco.py \\
    florence-community/Florence-2-base
"""
_base_ = [
    '../_base_/models/florence2_base.py', '../_base_/datasets/scored_refcoco_unc.py',
    '../_base_/schedules/scored_only.py', '../_base_/default_runtime.py'
]
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
