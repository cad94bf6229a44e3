"""SiRi small enough for two CPU cores: 64 x 64 pixels, 64 tokens, no downloads.

Everything is trained from random weights, so nothing is frozen and the batch statistics
of the backbone are learned. Box and mask are trained together. The matching asks for
the class first: as published, whichever query lies on the target is matched, which
teaches the queries to find objects and leaves the choice to the classes, which are slow
to learn to read. Here one query answers, and its box and mask must follow the text.
"""
canvas = 64  # the long side of every image
max_tokens = 20
vocab = 'synthref'

model = dict(
    type='SiRi',
    data_preprocessor=dict(type='GroundingDataPreprocessor'),
    image_encoder=dict(
        type='PositionedEncoder',
        encoder=dict(
            type='MidFeatureEncoder',
            backbone=dict(
                type='ResNet',
                depth=18,
                num_stages=2,
                strides=(1, 2),
                dilations=(1, 1),
                out_indices=(0, 1),
                base_channels=32,
                norm_eval=False,
                style='pytorch'),
            in_channels=64,
            mid_index=0,
            mid_channels=(32, 64),
            channels=64,
            num_layers=0,
            return_maps=True)),
    language_encoder=dict(
        type='LanguageTransformer',
        model_type='bert',
        config=dict(
            vocab_size=160,
            hidden_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=128,
            max_position_embeddings=max(32, max_tokens),
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0)),
    fusion=dict(
        type='SineJointEncoder',
        text_channels=64,
        channels=64,
        num_layers=2,
        heads=4,
        hidden=128,
        dropout=0.0),
    head=dict(
        type='SetBoxHead',
        channels=64,
        num_layers=2,
        num_queries=4,
        num_decoders=1,
        num_classes=2,
        heads=4,
        hidden=128,
        dropout=0.0,
        loss_set=dict(
            type='SetLoss',
            matcher=dict(
                type='HungarianMatcher', class_cost=50.0, l1_cost=5.0, giou_cost=2.0),
            class_weight=1.0,
            l1_weight=5.0,
            giou_weight=2.0,
            no_object_weight=0.1),
        mask_branch=dict(
            type='AttentionMaskBranch', channels=64, map_channels=(32, ), heads=4),
        loss_mask=dict(type='MatchedMaskLoss', focal_weight=20.0, dice_weight=5.0)))

words = [
    dict(
        type='TokenizeExpression',
        max_length=max_tokens,
        tokenizer=dict(type='WordPieceTokenizer', vocab=vocab)),
    dict(type='PackGroundingInputs')
]
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations', with_mask=True),
    dict(type='Resize', long=canvas),
    dict(type='RandomFlip', prob=0.5, swap='substring')
] + words
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='Resize', long=canvas)
] + words
