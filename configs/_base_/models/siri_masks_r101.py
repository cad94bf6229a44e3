"""SiRi with MDETR's mask branch, which trains alone on a fixed detector (siri.md, 11).

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
    dict(type='LoadGroundingAnnotations', with_mask=True),
    dict(type='RandomFlip', prob=0.5, swap='substring'),
    # A crop may cut the target away: then there is nothing to find.
    dict(
        type='RandomApplyUnlessWords',
        prob=0.5,
        words=[],
        transforms=[
            dict(type='ResizeShortEdge', short=[400, 500, 600]),
            dict(type='FreeSizeCrop', min_size=384, max_size=640)
        ]),
    dict(type='ResizeShortEdge', short=[480, 512, 544, 576, 608, 640], max_long=640),
    dict(
        type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, prob=0.8),
    dict(
        type='TokenizeExpression',
        max_length=512,
        tokenizer=dict(
            type='BytePairTokenizer', vocab='data/pretrained/roberta-base')),
    dict(type='PackGroundingInputs')
]
