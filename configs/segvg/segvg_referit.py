"""SegVG, ResNet-101, ReferItGame. Eight GPUs. Expected: see configs/segvg/README.md.

python tools/train.py configs/segvg/segvg_referit.py
"""
_base_ = [
    '../_base_/models/segvg_r101.py', '../_base_/datasets/referit.py',
    '../_base_/schedules/segvg_90e.py', '../_base_/default_runtime.py'
]
model = dict(
    image_encoder=dict(
        init_cfg=dict(checkpoint='data/pretrained/detr_r101_referit.pth')))
train_dataloader = dict(
    dataset=dict(pipeline=_base_.train_pipeline, box_profile='inclusive_corners'))
val_dataloader = dict(
    dataset=dict(pipeline=_base_.test_pipeline, box_profile='inclusive_corners'))
test_dataloader = val_dataloader
