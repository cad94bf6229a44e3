"""RefTR, ResNet-101, phrases, Flickr30k Entities.

Expected: see configs/reftr/README.md.

python tools/train.py configs/reftr/reftr_r101_flickr30k.py
"""
_base_ = [
    '../_base_/models/reftr_phrases_r50.py', '../_base_/datasets/flickr30k_reftr.py',
    '../_base_/schedules/reftr_flickr_60e.py', '../_base_/default_runtime.py'
]
model = dict(
    image_encoder=dict(backbone=dict(depth=101)),
    init_cfg=dict(checkpoint='data/pretrained/detr_r101_referit.pth'))
default_hooks = dict(checkpoint=dict(save_best='phrase/R@1'))
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
