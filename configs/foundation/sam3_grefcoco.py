"""SAM 3, as published; gRefCOCO. One GPU. Not scored yet.

python tools/test.py configs/foundation/sam3_grefcoco.py \\
    facebook/sam3
"""
_base_ = [
    '../_base_/models/sam3.py', '../_base_/datasets/scored_grefcoco.py',
    '../_base_/schedules/scored_only.py', '../_base_/default_runtime.py'
]
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
# The presence token says whether there is a target.
test_evaluator = [
    dict(
        type='GeneralizedMaskIoU', score_threshold=0.5, no_target_threshold=0.5),
    dict(type='GeneralizedBoxF1', score_threshold=0.5, no_target_threshold=0.5)
]
