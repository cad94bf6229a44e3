"""InstanceVG, BEiT-3 base, RefCOCO(+/g) mixed. See configs/instancevg/README.md.

python tools/train.py configs/instancevg/instancevg_refcoco_mixed.py
"""
_base_ = [
    '../_base_/models/instancevg_base_single.py', '../_base_/datasets/refcoco_mixed.py',
    '../_base_/schedules/instancevg_20e.py', '../_base_/default_runtime.py'
]
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='BoxAccuracy'),
    dict(type='MeanBoxAccuracy'),
    dict(type='AnswerMaskIoU'),
    dict(type='NetworkAnswerMaskIoU')
]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='rec_mean/acc@0.5'))
