"""TransVG with ResNet-50 on a canvas of 640 x 640, as in its paper.

configs/transvg/README.md has the paper and the differences.
"""
canvas = 640  # every image is placed on a square of this side
max_tokens = 20
vocab = 'data/pretrained/bert-base-uncased'
# How a data set of this family is read, as published.
reading = dict(box_profile='truncate_xywh', text_field='sent')

model = dict(
    type='TwoTowerGrounder',
    data_preprocessor=dict(type='GroundingDataPreprocessor'),
    image_encoder=dict(
        type='DETREncoder',
        backbone=dict(
            type='ResNet',
            depth=50,
            out_indices=(3, ),
            frozen_stages=1,
            norm_cfg=dict(type='BN', requires_grad=False),
            norm_eval=True,
            style='pytorch'),
        in_channels=2048,
        channels=256,
        num_layers=6,
        heads=8,
        hidden=2048,
        dropout=0.1,
        attention_dropout=0.1,
        mask_image_padding=True,
        init_cfg=dict(
            type='StrictPretrained', checkpoint='data/pretrained/detr_r50_unc.pth')),
    language_encoder=dict(
        type='LanguageTransformer',
        model_type='bert',
        init_cfg=dict(
            type='HuggingFacePretrained', name=vocab)),
    fusion=dict(
        type='JointEncoder',
        text_channels=768,
        image_channels=256,
        channels=256,
        num_layers=6,
        max_text_tokens=max_tokens,
        num_image_tokens=(canvas // 32)**2,
        num_learned_tokens=1,
        heads=8,
        hidden=2048,
        dropout=0.1,
        attention_dropout=0.1),
    head=dict(
        type='BoxHead',
        channels=256,
        loss_box=dict(type='BoxLoss', l1_weight=1.0, giou_weight=1.0)))

words = [
    dict(
        type='TokenizeExpression',
        max_length=max_tokens,
        tokenizer=dict(type='WordPieceTokenizer', vocab=vocab)),
    dict(type='PackGroundingInputs')
]
train_transforms = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    # A crop may cut away what a word of place refers to.
    dict(
        type='RandomApplyUnlessWords',
        prob=0.5,
        words=['left', 'right', 'top', 'bottom', 'middle'],
        transforms=[
            dict(type='Resize', short=[400, 500, 600]),
            dict(type='RandomSizeCrop', min_size=384, max_size=600, min_iou=0.5)
        ]),
    dict(type='Resize', long=[canvas - 32 * step for step in range(7)]),
    dict(
        type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, prob=0.8),
    dict(type='RandomFlip', prob=0.5, swap='substring'),
    dict(type='PlaceOnCanvas', size=canvas, mode='random')
]
test_transforms = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='Resize', long=canvas),
    dict(type='PlaceOnCanvas', size=canvas, mode='center')
]
train_pipeline = train_transforms + words
test_pipeline = test_transforms + words
