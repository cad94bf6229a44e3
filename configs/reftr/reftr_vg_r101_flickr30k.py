"""RefTR, ResNet-101, phrases, Flickr30k Entities (2nd stage).

Expected: see configs/reftr/README.md.

python tools/train_stages.py configs/reftr/reftr_vg_r101_flickr30k.py
This stage alone: python tools/train.py configs/reftr/reftr_vg_r101_flickr30k.py
"""
_base_ = './reftr_vg_flickr30k.py'
model = dict(image_encoder=dict(backbone=dict(depth=101)))
earlier_stages = ['configs/reftr/reftr_vg_r101_pretrain.py']
load_from = 'work_dirs/reftr_vg_r101_pretrain/epoch_15.pth'
