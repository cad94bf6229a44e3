"""SegVG's: both encoders frozen for ten epochs, gradients clipped at 0.1."""
_base_ = './adamw_90e.py'
optim_wrapper = dict(clip_grad=dict(max_norm=0.1, norm_type=2))
custom_hooks = [
    dict(
        type='FreezeHook', modules=['image_encoder', 'language_encoder'], epochs=10)
]
# Frozen parameters get no gradient, which DistributedDataParallel has to expect.
find_unused_parameters = True
