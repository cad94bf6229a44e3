"""InstanceVG small enough for two CPU cores: 64 x 64 pixels, six queries, no downloads.

Everything is trained from random weights. Boxes count as much as masks, and in all
layers of the decoder alike.
"""
canvas = 64  # every image is resized to a square of this side
max_tokens = 20
vocab = 'segvg/synthref/vocab.txt'

model = dict(
    type='InstanceVG',
    data_preprocessor=dict(type='GroundingDataPreprocessor'),
    encoder=dict(
        type='BEiT3',
        channels=96,
        num_layers=4,
        heads=4,
        hidden=192,
        image_size=canvas,
        patch_size=8,
        vocab_size=160,
        text_positions=2 + max(32, max_tokens),
        drop_path=0.0),
    neck=dict(type='MaskPyramid', in_channels=96, channels=32),
    head=dict(
        type='InstanceHead',
        channels=32,
        num_queries=6,
        num_layers=2,
        heads=4,
        hidden=128,
        start_hidden=128,
        dropout=0.0,
        start_at_points=True,
        loss_instance=dict(
            type='InstanceLoss',
            matcher=dict(type='PointMatcher'),
            weigh_all_layers=True,
            detection_weight=1.0,
            unmatched_weight=0.2,
            existence_weight=1.0)))

words = [
    dict(
        type='TokenizeExpression',
        max_length=max_tokens,
        tokenizer=dict(type='WordPieceTokenizer', vocab=vocab)),
    dict(type='PackGroundingInputs')
]
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='ResizeExact', size=canvas),
    dict(type='DrawMasks'),
    dict(type='RandomFlip', prob=0.5, swap='substring')
] + words
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='ResizeExact', size=canvas)
] + words
