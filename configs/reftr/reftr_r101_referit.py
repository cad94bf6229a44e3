"""RefTR, ResNet-101, boxes, ReferItGame.

Expected: see configs/reftr/README.md.

python tools/train.py configs/reftr/reftr_r101_referit.py
"""
_base_ = './reftr_referit.py'
model = dict(
    image_encoder=dict(backbone=dict(depth=101)),
    init_cfg=dict(checkpoint='data/pretrained/detr_r101_referit.pth'))
