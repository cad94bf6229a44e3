"""InstanceVG's for many targets or none: half as long, one epoch of warm-up."""
_base_ = './instancevg_20e.py'
param_scheduler = [
    dict(type='LinearLR', start_factor=1 / 2, by_epoch=True, begin=0, end=2),
    dict(type='MultiStepLR', by_epoch=True, milestones=[6], gamma=0.1)
]
train_cfg = dict(max_epochs=10)
