"""Of the model of ReLA's paper: 300,000 steps with lower rates."""
_base_ = './rela_150k.py'
optim_wrapper = dict(optimizer=dict(lr=6e-6))
param_scheduler = [
    dict(type='MultiStepLR', by_epoch=False, milestones=[110000, 210000], gamma=0.1)
]
train_cfg = dict(max_iters=300000)
