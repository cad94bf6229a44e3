"""SegVG, ResNet-50, RefCOCOg (google). Eight GPUs.

Expected: see configs/segvg/README.md.

python tools/train.py configs/segvg/segvg_r50_refcocog_google.py
"""
_base_ = './segvg_refcocog_google.py'
model = dict(
    image_encoder=dict(
        backbone=dict(depth=50),
        init_cfg=dict(checkpoint='data/pretrained/detr_r50_gref.pth')))
