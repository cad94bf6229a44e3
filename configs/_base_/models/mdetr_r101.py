"""MDETR with ResNet-101 and RoBERTa, as in its paper (configs/siri/README.md).

The image keeps its shape and the batch is padded to the largest; padding is masked.
"""
canvas = 800  # the short side of an image; the long one is up to 5 / 3 of it
max_tokens = 255
vocab = 'data/pretrained/roberta-base'

model = dict(
    type='MDETR',
    data_preprocessor=dict(type='GroundingDataPreprocessor', text_pad_id=1),
    image_encoder=dict(
        type='DETREncoder',
        backbone=dict(
            type='ResNet',
            depth=101,
            out_indices=(3, ),
            frozen_stages=1,
            norm_cfg=dict(type='BN', requires_grad=False),
            norm_eval=True,
            style='pytorch',
            init_cfg=dict(
                type='StrictPretrained', checkpoint='data/pretrained/resnet101.pth')),
        in_channels=2048,
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
        type='SoftTokenHead',
        channels=256,
        num_layers=6,
        num_queries=100,
        num_classes=max_tokens + 1,
        align_channels=64,
        align_weight=1.0,
        align_temperature=0.07,
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
        type='TokenizeCaption',
        max_length=max_tokens,
        tokenizer=dict(type='BytePairTokenizer', vocab=vocab)),
    dict(type='PackGroundingInputs')
]
augmentation = [
    # The crop keeps a part of every box.
    dict(
        type='RandomApplyUnlessWords',
        prob=0.5,
        words=[],
        transforms=[
            dict(type='ResizeShortEdge', short=[400, 500, 600]),
            dict(
                type='RandomSizeCrop', min_size=384, max_size=canvas * 5 // 3,
                min_iou=1e-6)
        ]),
    dict(
        type='ResizeShortEdge',
        short=[canvas - 32 * step for step in range(10, -1, -1)],
        max_long=canvas * 5 // 3)
]
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations')
] + augmentation + words
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='ResizeShortEdge', short=canvas, max_long=canvas * 5 // 3)
] + words
