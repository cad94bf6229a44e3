"""SiRi with MDETR's mask branch, which trains alone on a fixed detector.

Not published: its authors only announced it.
"""
_base_ = './siri_r101.py'
model = dict(
    image_encoder=dict(
        backbone=dict(out_indices=(0, 1, 2, 3)), mid_index=1, return_maps=True),
    head=dict(
        supervise_all=False,
        mask_branch=dict(
            type='AttentionMaskBranch',
            channels=256,
            map_channels=(1024, 512, 256),
            heads=8),
        loss_mask=dict(
            type='MatchedMaskLoss', focal_weight=1.0, dice_weight=1.0, alpha=0.25,
            gamma=2.0)))

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations', with_mask=True)
] + _base_.augmentation + _base_.words
