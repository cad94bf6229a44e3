"""RefTR, ResNet-101, boxes, ReferItGame (2nd stage).

Expected: see configs/reftr/README.md.

python tools/train_stages.py configs/reftr/reftr_vg_r101_referit.py
This stage alone: python tools/train.py configs/reftr/reftr_vg_r101_referit.py
"""
_base_ = './reftr_vg_referit.py'
model = dict(image_encoder=dict(backbone=dict(depth=101)))
earlier_stages = ['configs/reftr/reftr_vg_r101_pretrain.py']
load_from = 'work_dirs/reftr_vg_r101_pretrain/epoch_15.pth'
