"""SeqTR's for fine-tuning after pre-training: Adam, 5 epochs, no average.

The rate is for 128 expressions a batch.
"""
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=5e-4, betas=(0.9, 0.98), eps=1e-9, amsgrad=True),
    clip_grad=dict(max_norm=0.15, norm_type=2))
param_scheduler = [
    dict(type='MultiStepLR', by_epoch=True, milestones=[3], gamma=0.1)
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=5, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=128)
