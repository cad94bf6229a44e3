"""ReLA small enough for two CPU cores: 64 x 64 pixels, 36 regions, no downloads.

Everything is trained from random weights: the gates may open, nothing is frozen.
"""
canvas = 64  # every image is resized to a square of this side
max_tokens = 20
vocab = 'synthref'

model = dict(
    type='ReLA',
    data_preprocessor=dict(type='GroundingDataPreprocessor'),
    image_encoder=dict(
        type='LanguageSwin',
        channels=32,
        depths=(1, 1, 2),
        heads=(2, 4, 4),
        window=4,
        text_channels=64,
        drop_path=0.0,
        open_gates=True),
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
    pixel_decoder=dict(
        type='PixelDecoder',
        in_channels=(32, 64, 128),
        channels=64,
        num_layers=1,
        heads=4,
        hidden=128,
        points=4,
        groups=8),
    head=dict(
        type='RegionHead',
        decoder=dict(
            type='RegionDecoder',
            channels=64,
            num_layers=2,
            num_regions=36,
            text_channels=64,
            heads=4,
            hidden=128,
            levels=2,
            word_share=1.0,
            read_padding=False),
        loss_region=dict(
            type='RegionLoss',
            mask_weight=5.0,
            minimap_weight=0.5,
            no_target_weight=0.5,
            class_weights=(0.9, 1.1),
            minimap='vote')),
    text_length=None)

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
