"""InstanceVG, BEiT-3 base, gRefCOCO. Expected: see configs/instancevg/README.md.

python tools/train.py configs/instancevg/instancevg_grefcoco.py
"""
_base_ = [
    '../_base_/models/instancevg_base.py', '../_base_/datasets/grefcoco.py',
    '../_base_/schedules/instancevg_10e.py', '../_base_/default_runtime.py'
]
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
# An instance counts from a score of 0.7 on; "none" is the answer where there is none.
val_evaluator = [
    dict(
        type='GeneralizedMaskIoU', score_threshold=0.7, no_target_threshold=0.3),
    dict(type='NetworkGeneralizedAnswerIoU'),
    dict(type='GeneralizedBoxF1'),
    dict(type='GeneralizedBoxF1', official=True)
]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='gres/gIoU'))
