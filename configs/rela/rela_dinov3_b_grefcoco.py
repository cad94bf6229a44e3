"""ReLA, DINOv3 ViT-B/16, gRefCOCO. Eight GPUs. Not scored yet.

python tools/train.py configs/rela/rela_dinov3_b_grefcoco.py
"""
_base_ = [
    '../_base_/models/rela_dinov3_b.py', '../_base_/datasets/grefcoco.py',
    '../_base_/schedules/rela_150k.py', '../_base_/iteration_runtime.py'
]
train_dataloader = dict(batch_size=6, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='GeneralizedMaskIoU'),
    dict(type='NetworkGeneralizedMaskIoU')
]
test_evaluator = val_evaluator
