"""RefTR, ResNet-101, boxes and masks, RefCOCOg (umd) (3rd stage).

Expected: see configs/reftr/README.md.

python tools/train_stages.py configs/reftr/reftr_vg_res_r101_refcocog_umd.py
This stage alone: python tools/train.py configs/reftr/reftr_vg_res_r101_refcocog_umd.py
"""
_base_ = './reftr_vg_res_refcocog_umd.py'
model = dict(image_encoder=dict(backbone=dict(depth=101)))
earlier_stages = [
    'configs/reftr/reftr_vg_r101_pretrain.py',
    'configs/reftr/reftr_vg_r101_refcocog_umd.py'
]
load_from = 'work_dirs/reftr_vg_r101_refcocog_umd/epoch_90.pth'
