"""RefTR, ResNet-101, boxes, RefCOCO+.

Expected: see configs/reftr/README.md.

python tools/train.py configs/reftr/reftr_r101_refcoco_plus.py
"""
_base_ = './reftr_refcoco_plus.py'
model = dict(
    image_encoder=dict(backbone=dict(depth=101)),
    init_cfg=dict(checkpoint='data/pretrained/detr_r101_unc.pth'))
