"""SiRi's: 30 epochs a round, constant rates but for the text; average of the weights.

The rates are for 4 GPUs with 16 expressions each. Eight rounds, by tools/siri.py.
"""
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='NamedGroupsConstructor',
    optimizer=dict(type='AdamW', lr=5e-5, weight_decay=1e-4),
    paramwise_cfg=dict(
        groups={
            'image_encoder.backbone': 1.0,
            'language_encoder': 0.2
        }),
    clip_grad=dict(max_norm=0.1, norm_type=2))
param_scheduler = [
    dict(
        type='GroupSchedule',
        epochs=30,
        rules=dict(language_encoder='linear'),
        default='step',
        drop=30,
        warmup=0.01,
        convert_to_iter_based=True)
]
custom_hooks = [dict(type='InitialAverageHook', decay=0.9998)]
retraining = dict(rounds=8, keep=['fusion.layers'])
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=30, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=64)
