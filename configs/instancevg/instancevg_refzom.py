"""InstanceVG, BEiT-3 base, Ref-ZOM. Expected: see configs/instancevg/README.md.

python tools/train.py configs/instancevg/instancevg_refzom.py
"""
_base_ = [
    '../_base_/models/instancevg_base.py', '../_base_/datasets/refzom.py',
    '../_base_/schedules/instancevg_10e.py', '../_base_/default_runtime.py'
]
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
# Ref-ZOM's own scores: res/oIoU, res/mIoU (with a target) and gres/N-acc.
val_evaluator = [
    dict(
        type='GeneralizedMaskIoU', score_threshold=0.7, no_target_threshold=0.3),
    dict(type='AnswerMaskIoU'),
    dict(type='NetworkGeneralizedAnswerIoU'),
    dict(type='NetworkAnswerMaskIoU')
]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='gres/gIoU'))
