"""SegVG, frozen MobileNetV2, MiniLM, photographs. One CPU core, minutes.

Expected: see docs/benchmarks.md.

python tools/train.py configs/segvg/segvg_photos.py
"""
_base_ = [
    '../_base_/models/segvg_mobilenet_minilm.py', '../_base_/datasets/photos.py',
    '../_base_/schedules/adamw_photos.py', '../_base_/default_runtime.py'
]
custom_hooks = [
    dict(type='FreezeHook', modules=['language_encoder'], epochs=1000),
    dict(
        type='FeatureCacheHook',
        modules=['image_encoder.encoder.backbone'],
        cache_dir='data/features')
]
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
