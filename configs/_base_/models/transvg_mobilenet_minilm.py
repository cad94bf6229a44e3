"""TransVG with MobileNetV2 and MiniLM, both frozen; canvas of 224, 49 image tokens.

Features of both encoders can be kept in files (FeatureCacheHook): a picture has six
variants, three sizes and their mirror images.
"""
canvas = 224  # every image is placed on a square of this side
sides = [160, 192, 224]  # of the long side in training, one of them at random
max_tokens = 20
vocab = 'data/towers/minilm'

model = dict(
    type='TwoTowerGrounder',
    data_preprocessor=dict(type='GroundingDataPreprocessor'),
    image_encoder=dict(
        type='PositionedEncoder',
        encoder=dict(
            type='DETREncoder',
            backbone=dict(
                type='HuggingFaceBackbone',
                config=dict(
                    model_type='mobilenet_v2', layer_norm_eps=1e-5, tf_padding=False),
                frozen=True,
                init_cfg=dict(
                    type='HuggingFacePretrained', name='data/towers/mobilenet_v2')),
            in_channels=1280,
            channels=64,
            num_layers=1,
            heads=4,
            hidden=128,
            dropout=0.1)),
    language_encoder=dict(
        type='HuggingFaceTextEncoder',
        config=dict(
            model_type='bert',
            hidden_size=384,
            num_hidden_layers=6,
            num_attention_heads=12,
            intermediate_size=1536),
        frozen=True,
        init_cfg=dict(type='HuggingFacePretrained', name=vocab)),
    fusion=dict(
        type='JointEncoder',
        text_channels=384,
        image_channels=64,
        channels=64,
        num_layers=2,
        max_text_tokens=max_tokens,
        num_image_tokens=(canvas // 32)**2,
        num_learned_tokens=1,
        heads=4,
        hidden=128,
        dropout=0.1,
        pre_norm=True),
    head=dict(
        type='BoxHead',
        channels=64,
        auxiliary=dict(type='BoxMaskAuxiliary', channels=64),
        loss_box=dict(type='BoxLoss', l1_weight=5.0, giou_weight=2.0)))

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
    dict(type='Resize', long=sides),
    dict(type='RandomFlip', prob=0.5, swap='word'),
    dict(type='PlaceOnCanvas', size=canvas, mode='center')
] + words
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='Resize', long=canvas),
    dict(type='PlaceOnCanvas', size=canvas, mode='center')
] + words
