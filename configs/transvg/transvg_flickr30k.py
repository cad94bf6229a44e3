"""TransVG, ResNet-50, Flickr30k Entities. Eight GPUs.

Expected: see configs/transvg/README.md.

python tools/train.py configs/transvg/transvg_flickr30k.py
"""
_base_ = [
    '../_base_/models/transvg_r50.py', '../_base_/datasets/flickr30k.py',
    '../_base_/schedules/adamw_90e.py', '../_base_/default_runtime.py'
]
model = dict(
    image_encoder=dict(
        init_cfg=dict(checkpoint='data/pretrained/detr_r50_referit.pth')))
train_dataloader = dict(
    dataset=dict(pipeline=_base_.train_pipeline, box_profile='inclusive_corners'))
val_dataloader = dict(
    dataset=dict(pipeline=_base_.test_pipeline, box_profile='inclusive_corners'))
test_dataloader = val_dataloader
