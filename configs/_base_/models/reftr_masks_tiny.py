"""The tiny RefTR for boxes and masks: masks teach it to read, boxes follow."""
_base_ = './reftr_tiny.py'
model = dict(
    image_encoder=dict(
        encoder=dict(backbone=dict(out_indices=(0, 1)), return_maps=True)),
    head=dict(
        mask_branch=dict(
            type='JointMaskBranch', channels=64, map_channels=(32, ), heads=4),
        loss_mask=dict(
            type='MatchedMaskLoss', focal_weight=20.0, dice_weight=5.0, alpha=0.25,
            gamma=2.0)))

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations', with_mask=True),
    dict(type='ResizeLongEdge', size=_base_.canvas),
    dict(type='RandomFlip', prob=0.5, swap='substring')
] + _base_.words
