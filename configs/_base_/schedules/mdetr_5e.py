"""MDETR's fine-tuning: 5 epochs, a tenth of the rate after 3; average of the weights.

The rates are for 2 GPUs with 4 expressions each.
"""
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='NamedGroupsConstructor',
    optimizer=dict(type='AdamW', lr=5e-5, weight_decay=1e-4),
    paramwise_cfg=dict(
        groups={
            'image_encoder.backbone': 0.2,
            'language_encoder': 0.2
        }),
    clip_grad=dict(max_norm=0.1, norm_type=2))
param_scheduler = [
    dict(
        type='GroupSchedule',
        epochs=5,
        rules=dict(language_encoder='linear'),
        default='step',
        drop=3,
        warmup=0.01,
        convert_to_iter_based=True)
]
custom_hooks = [dict(type='InitialAverageHook', decay=0.9998)]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=5, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=8)
