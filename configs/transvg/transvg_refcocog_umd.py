"""TransVG, ResNet-50, RefCOCOg (umd). Eight GPUs.

Expected: see configs/transvg/README.md.

python tools/train.py configs/transvg/transvg_refcocog_umd.py
"""
_base_ = [
    '../_base_/models/transvg_r50_len40.py', '../_base_/datasets/refcocog_umd.py',
    '../_base_/schedules/adamw_90e.py', '../_base_/default_runtime.py'
]
model = dict(
    image_encoder=dict(
        init_cfg=dict(checkpoint='data/pretrained/detr_r50_gref.pth')))
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline, **_base_.reading))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline, **_base_.reading))
test_dataloader = val_dataloader
