"""InstanceVG's for one target: Adam, three epochs of warm-up, a tenth near the end.

The rates are for 16 expressions a GPU (4 with BEiT-3 large); how many GPUs there were
is not published.
"""
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='NamedGroupsConstructor',
    optimizer=dict(type='Adam', lr=5e-4, betas=(0.9, 0.98), eps=1e-9, amsgrad=True),
    paramwise_cfg=dict(groups={'encoder.': 0.1}),
    clip_grad=dict(max_norm=0.15, norm_type=2))
param_scheduler = [
    dict(type='LinearLR', start_factor=1 / 4, by_epoch=True, begin=0, end=4),
    dict(type='MultiStepLR', by_epoch=True, milestones=[14], gamma=0.1)
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=20, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=16)
