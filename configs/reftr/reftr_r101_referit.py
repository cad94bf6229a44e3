"""RefTR, ResNet-101, boxes, ReferItGame.

Expected: see configs/reftr/README.md.

python tools/train.py configs/reftr/reftr_r101_referit.py
"""
_base_ = [
    '../_base_/models/reftr_r50.py', '../_base_/datasets/referit.py',
    '../_base_/schedules/reftr_90e.py', '../_base_/default_runtime.py'
]
model = dict(
    image_encoder=dict(backbone=dict(depth=101)),
    head=dict(num_layers=3),
    init_cfg=dict(checkpoint='data/pretrained/detr_r101_referit.pth'))
train_dataloader = dict(
    dataset=dict(pipeline=_base_.train_pipeline, box_profile='inclusive_corners'))
val_dataloader = dict(
    dataset=dict(pipeline=_base_.test_pipeline, box_profile='inclusive_corners'))
test_dataloader = val_dataloader
