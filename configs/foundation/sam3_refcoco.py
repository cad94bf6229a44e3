"""SAM 3, as published; RefCOCO. One GPU. Not scored yet.

python tools/test.py configs/foundation/sam3_refcoco.py \\
    facebook/sam3
"""
_base_ = [
    '../_base_/models/sam3.py', '../_base_/datasets/scored_refcoco_unc.py',
    '../_base_/schedules/scored_only.py', '../_base_/default_runtime.py'
]
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_evaluator = [dict(type='BoxAccuracy'), dict(type='MaskIoU')]
