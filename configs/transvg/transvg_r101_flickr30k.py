"""TransVG, ResNet-101, Flickr30k Entities. Eight GPUs.

Expected: see configs/transvg/README.md.

python tools/train.py configs/transvg/transvg_r101_flickr30k.py
"""
_base_ = './transvg_flickr30k.py'
model = dict(
    image_encoder=dict(
        backbone=dict(depth=101),
        init_cfg=dict(checkpoint='data/pretrained/detr_r101_referit.pth')))
