"""RefTR with ResNet-50, boxes and masks, as in its paper (configs/reftr/README.md)."""
_base_ = './reftr_r50.py'
model = dict(
    image_encoder=dict(backbone=dict(out_indices=(0, 1, 2, 3)), return_maps=True),
    head=dict(
        supervise_all=False,
        mask_branch=dict(
            type='JointMaskBranch',
            channels=256,
            map_channels=(1024, 512, 256),
            heads=8),
        loss_mask=dict(
            type='MatchedMaskLoss', focal_weight=1.0, dice_weight=1.0, alpha=0.25,
            gamma=2.0)))

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations', with_mask=True),
    dict(type='BrightnessJitter', strength=0.5),
    dict(type='ResizeLongEdge', size=_base_.canvas)
] + _base_.words
