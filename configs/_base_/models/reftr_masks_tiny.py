"""The tiny RefTR for boxes and masks; the losses of masks weigh most."""
_base_ = './reftr_tiny.py'
model = dict(
    image_encoder=dict(backbone=dict(out_indices=(0, 1)), hand_on_maps=True),
    head=dict(
        loss_box=dict(type='BoxLoss', l1_weight=2.5, giou_weight=1.0),
        mask_branch=dict(
            type='JointMaskBranch', channels=64, map_channels=(32, ), heads=4),
        loss_mask=dict(
            type='MatchedMaskLoss', focal_weight=40.0, dice_weight=10.0, alpha=0.25,
            gamma=2.0)))

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations', with_mask=True),
    dict(type='ResizeLong', size=64),
    dict(type='RandomFlip', prob=0.5, swap='substring'),
    dict(
        type='TokenizeExpression',
        max_length=20,
        tokenizer=dict(
            type='WordPieceTokenizer', vocab='data/synthref_l0/vocab.txt')),
    dict(type='PackGroundingInputs')
]
