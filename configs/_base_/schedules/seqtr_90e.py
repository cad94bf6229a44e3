"""SeqTR's for contours: Adam, five epochs of warm-up, a tenth of the rate near the end.

The rate is for 128 expressions a batch. Scores are of the averaged weights.
"""
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=5e-4, betas=(0.9, 0.98), eps=1e-9, amsgrad=True),
    clip_grad=dict(max_norm=0.15, norm_type=2))
param_scheduler = [
    dict(type='LinearLR', start_factor=1 / 6, by_epoch=True, begin=0, end=6),
    dict(type='MultiStepLR', by_epoch=True, milestones=[74], gamma=0.1)
]
custom_hooks = [dict(type='AverageHook', ema_type='RampedAverage', momentum=0.999)]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=90, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=128)
