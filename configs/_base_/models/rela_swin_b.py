"""ReLA with Swin-B that reads the text, BERT and 100 regions.

As in its paper; configs/rela/README.md has it and the differences.

data/pretrained/swin_base_384_22k.pth: ImageNet-22k weights, window 12, through
tools/convert_checkpoint.py swin; data/pretrained/bert-base-uncased: config.json,
model.safetensors, vocab.txt.
"""
canvas = 480  # every image is resized to a square of this side
max_tokens = 20
vocab = 'data/pretrained/bert-base-uncased'

model = dict(
    type='ReLA',
    data_preprocessor=dict(type='GroundingDataPreprocessor'),
    image_encoder=dict(
        type='LanguageSwin',
        channels=128,
        depths=(2, 2, 18, 2),
        heads=(4, 8, 16, 32),
        window=12,
        text_channels=768,
        drop_path=0.3,
        init_cfg=dict(
            type='PartsPretrained',
            checkpoint='data/pretrained/swin_base_384_22k.pth',
            parts=dict(trunk=''))),
    language_encoder=dict(
        type='LanguageTransformer',
        model_type='bert',
        init_cfg=dict(
            type='HuggingFacePretrained', name=vocab)),
    pixel_decoder=dict(
        type='PixelDecoder',
        in_channels=(128, 256, 512, 1024),
        channels=256,
        num_layers=6,
        heads=8,
        hidden=1024,
        points=4),
    head=dict(
        type='RegionHead',
        decoder=dict(
            type='RegionDecoder',
            channels=256,
            num_layers=9,
            num_regions=100,
            text_channels=768,
            heads=8,
            hidden=2048),
        loss_region=dict(
            type='RegionLoss',
            mask_weight=5.0,
            minimap_weight=0.5,
            no_target_weight=0.5,
            class_weights=(0.9, 1.1))),
    text_length=max_tokens,
    # published: what the optimiser does not hold
    frozen=[
        'language_encoder.embeddings', 'language_encoder.layers.10',
        'language_encoder.layers.11'
    ])

words = [
    dict(
        type='TokenizeExpression',
        max_length=max_tokens,
        tokenizer=dict(type='CutWordPieceTokenizer', vocab=vocab)),
    dict(type='PackGroundingInputs')
]
# Published: neither flip nor crop nor colours; the sides of the image are not kept.
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='ResizeExact', size=canvas),
    dict(type='DrawMasks')
] + words
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='ResizeExact', size=canvas)
] + words
