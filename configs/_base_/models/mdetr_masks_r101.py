"""MDETR with its mask branch, which trains alone on a fixed detector."""
_base_ = './mdetr_r101.py'
model = dict(
    image_encoder=dict(backbone=dict(out_indices=(0, 1, 2, 3)), return_maps=True),
    head=dict(
        align_channels=0,
        supervise_all=False,
        mask_branch=dict(
            type='AttentionMaskBranch',
            channels=256,
            map_channels=(1024, 512, 256),
            heads=8),
        loss_mask=dict(
            type='MatchedMaskLoss', focal_weight=1.0, dice_weight=1.0, alpha=0.25,
            gamma=2.0),
        mask_threshold=0.7))

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations', with_mask=True)
] + _base_.augmentation + _base_.words
