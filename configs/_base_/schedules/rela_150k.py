"""ReLA's: 150,000 steps of 48 expressions (34 epochs of gRefCOCO), scored every 5,000.

The rates are for 8 GPUs with 6 expressions each. Published in half precision (--amp).
"""
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='DecayGroupsConstructor',
    optimizer=dict(type='AdamW', lr=1e-5, weight_decay=0.05),
    # BERT decays whole, norms too; so do biases and the levels of the pixel decoder.
    paramwise_cfg=dict(no_decay=['bias_table'], decay_all=['language_encoder']),
    clip_grad=dict(max_norm=0.01, norm_type=2))
param_scheduler = [
    dict(type='MultiStepLR', by_epoch=False, milestones=[110000, 140000], gamma=0.1)
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=150000, val_interval=5000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=48)
