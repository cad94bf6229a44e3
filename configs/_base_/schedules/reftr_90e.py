"""RefTR's for boxes: 90 epochs, a tenth of the rate from epoch 60 on.

The rates are for 4 GPUs with 8 expressions each.
"""
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='NamedGroupsConstructor',
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=1e-4),
    paramwise_cfg=dict(
        groups={
            'image_encoder.backbone': 0.1,
            'language_encoder': 0.1
        }),
    clip_grad=dict(max_norm=0.1, norm_type=2))
param_scheduler = [dict(type='MultiStepLR', by_epoch=True, milestones=[60], gamma=0.1)]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=90, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=32)
