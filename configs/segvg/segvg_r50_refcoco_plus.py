"""SegVG, ResNet-50, RefCOCO+. Eight GPUs. Expected: see configs/segvg/README.md.

python tools/train.py configs/segvg/segvg_r50_refcoco_plus.py
"""
_base_ = './segvg_refcoco_plus.py'
model = dict(
    image_encoder=dict(
        backbone=dict(depth=50),
        init_cfg=dict(checkpoint='data/pretrained/detr_r50_unc.pth')))
