"""SeqTR small enough for two CPU cores: canvas of 64 x 64, a bin a pixel, no downloads.

Everything is trained from random weights, words included. What a sequence holds (a box,
a contour) is set by the config that uses this one.
"""
max_tokens = 20
vocab = 'synthref'

model = dict(
    type='SeqTR',
    data_preprocessor=dict(type='GroundingDataPreprocessor'),
    image_encoder=dict(
        type='DarkNet53',
        base_channels=16,
        repeats=(1, 1, 1, 1, 1, 1),
        out_layers=(6, ),
        frozen_layers=0),
    language_encoder=dict(
        type='WordVectorGRU',
        vocab_size=160,
        word_channels=64,
        hidden_channels=64,
        freeze_words=False,
        text_length=None),
    fusion=dict(
        type='GatedProduct',
        map_channels=(128, ),
        channels=64,
        num_layers=2,
        heads=4,
        hidden=128,
        dropout=0.0,
        groups=8),
    head=dict(
        type='SequenceHead',
        parts=[dict(type='BoxPart', first_weight=1.5)],
        loss=dict(type='SequenceLoss', smoothing=0.1),
        channels=64,
        num_layers=2,
        heads=4,
        hidden=128,
        dropout=0.0,
        num_bins=64))

words = [
    dict(
        type='TokenizeExpression',
        max_length=max_tokens,
        tokenizer=dict(type='WordTokenizer', vocab=vocab)),
    dict(type='PackGroundingInputs')
]
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='RandomFlip', prob=0.5, swap='substring'),
    dict(type='PadToDivisor', divisor=32)
] + words
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='PadToDivisor', divisor=32)
] + words
