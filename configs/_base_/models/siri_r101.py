"""SiRi with ResNet-101 and RoBERTa, as in its paper (configs/siri/README.md).

The image keeps its shape and the batch is padded to the largest; padding is masked.
"""
canvas = 640  # the long side of every image
max_tokens = 512
vocab = 'data/pretrained/roberta-base'

model = dict(
    type='SiRi',
    data_preprocessor=dict(type='GroundingDataPreprocessor', text_pad_id=1),
    image_encoder=dict(
        type='MidFeatureEncoder',
        backbone=dict(
            type='ResNet',
            depth=101,
            out_indices=(1, 3),
            frozen_stages=1,
            norm_cfg=dict(type='BN', requires_grad=False),
            norm_eval=True,
            style='pytorch',
            init_cfg=dict(
                type='StrictPretrained', checkpoint='data/pretrained/resnet101.pth')),
        in_channels=2048,
        mid_index=0,
        mid_channels=(512, 1024, 2048),
        channels=256,
        num_layers=0),
    language_encoder=dict(
        type='LanguageTransformer',
        model_type='roberta',
        config=dict(
            vocab_size=50265,
            max_position_embeddings=514,
            type_vocab_size=1,
            layer_norm_eps=1e-5),
        init_cfg=dict(
            type='HuggingFacePretrained', name=vocab)),
    fusion=dict(
        type='SineJointEncoder',
        text_channels=768,
        channels=256,
        num_layers=6,
        heads=8,
        hidden=2048,
        dropout=0.1),
    head=dict(
        type='SetBoxHead',
        channels=256,
        num_layers=6,
        num_queries=16,
        num_decoders=1,
        num_classes=2,
        heads=8,
        hidden=2048,
        dropout=0.1,
        loss_set=dict(
            type='SetLoss',
            matcher=dict(
                type='HungarianMatcher', class_cost=1.0, l1_cost=5.0, giou_cost=2.0),
            class_weight=1.0,
            l1_weight=5.0,
            giou_weight=2.0,
            no_object_weight=0.1)))

words = [
    dict(
        type='TokenizeExpression',
        max_length=max_tokens,
        tokenizer=dict(type='BytePairTokenizer', vocab=vocab)),
    dict(type='PackGroundingInputs')
]
augmentation = [
    dict(type='RandomFlip', prob=0.5, swap='substring'),
    # A crop may cut the target away: then there is nothing to find.
    dict(
        type='RandomApplyUnlessWords',
        prob=0.5,
        words=[],
        transforms=[
            dict(type='ResizeShortEdge', short=[400, 500, 600]),
            dict(type='FreeSizeCrop', min_size=384, max_size=canvas)
        ]),
    dict(
        type='ResizeShortEdge',
        short=[canvas - 32 * step for step in range(5, -1, -1)],
        max_long=canvas),
    dict(
        type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, prob=0.8)
]
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations')
] + augmentation + words
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='ResizeShortEdge', short=canvas, max_long=canvas)
] + words
