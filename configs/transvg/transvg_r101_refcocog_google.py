"""TransVG, ResNet-101, RefCOCOg (google). Eight GPUs.

Expected: see configs/transvg/README.md.

python tools/train.py configs/transvg/transvg_r101_refcocog_google.py
"""
_base_ = './transvg_refcocog_google.py'
model = dict(
    image_encoder=dict(
        backbone=dict(depth=101),
        init_cfg=dict(checkpoint='data/pretrained/detr_r101_gref.pth')))
