"""SegVG, ResNet-50, RefCOCOg (umd). Eight GPUs. Expected: see configs/segvg/README.md.

python tools/train.py configs/segvg/segvg_r50_refcocog_umd.py
"""
_base_ = './segvg_refcocog_umd.py'
model = dict(
    image_encoder=dict(
        backbone=dict(depth=50),
        init_cfg=dict(checkpoint='data/pretrained/detr_r50_gref.pth')))
