"""TransVG, ResNet-101, RefCOCO. Eight GPUs. Expected: see configs/transvg/README.md.

python tools/train.py configs/transvg/transvg_r101_refcoco.py
"""
_base_ = './transvg_refcoco.py'
model = dict(
    image_encoder=dict(
        backbone=dict(depth=101),
        init_cfg=dict(checkpoint='data/pretrained/detr_r101_unc.pth')))
