"""ReLA, Swin-B, masks of RefCOCOg (umd). Eight GPUs.

Expected: see configs/rela/README.md.

python tools/train.py configs/rela/rela_swin_b_refcocog_umd.py
"""
_base_ = [
    '../_base_/models/rela_swin_b.py', '../_base_/datasets/refcocog_umd.py',
    '../_base_/schedules/rela_150k.py', '../_base_/iteration_runtime.py'
]
val_evaluator = [
    dict(type='GeneralizedMaskIoU'),
    dict(type='NetworkGeneralizedMaskIoU'),
    dict(type='MaskIoU')
]
test_evaluator = val_evaluator
train_dataloader = dict(batch_size=6, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
