"""ReLA of the paper, Swin-B, gRefCOCO. Eight GPUs.

Expected: see configs/rela/README.md.

python tools/train.py configs/rela/rela_original_swin_b_grefcoco.py
"""
_base_ = [
    '../_base_/models/rela_original_swin_b.py', '../_base_/datasets/grefcoco.py',
    '../_base_/schedules/rela_300k.py', '../_base_/iteration_runtime.py'
]
train_dataloader = dict(batch_size=6, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='GeneralizedMaskIoU'),
    dict(type='NetworkGeneralizedMaskIoU')
]
test_evaluator = val_evaluator
