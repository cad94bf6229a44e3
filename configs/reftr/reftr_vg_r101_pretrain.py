"""RefTR, ResNet-101, pre-training on regions of Visual Genome.

Expected: see configs/reftr/README.md.

python tools/train.py configs/reftr/reftr_vg_r101_pretrain.py
"""
_base_ = './reftr_vg_pretrain.py'
model = dict(
    image_encoder=dict(backbone=dict(depth=101)),
    init_cfg=dict(checkpoint='data/pretrained/detr_r101_unc.pth'))
