"""A mask branch alone on a fixed detector: 35 epochs, a tenth of the rate after 25.

The rate is MDETR's for PhraseCut on 32 GPUs.
"""
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=1e-4),
    clip_grad=dict(max_norm=0.1, norm_type=2))
param_scheduler = [dict(type='MultiStepLR', by_epoch=True, milestones=[25], gamma=0.1)]
custom_hooks = [
    dict(
        type='FreezeHook',
        modules=[
            'image_encoder', 'language_encoder', 'fusion', 'head.decoders',
            'head.classify', 'head.box', 'head.query_embed'
        ],
        epochs=35),
    dict(type='InitialAverageHook', decay=0.9998)
]
# Frozen parameters get no gradient, which DistributedDataParallel has to expect.
find_unused_parameters = True
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=35, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=64)
