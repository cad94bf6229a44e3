"""TransVG with MobileNetV2 and MiniLM, both frozen; canvas of 320, 100 image tokens.

What is trained has two million parameters. Features of both encoders can be kept in
files (FeatureCacheHook): flips are the only change that a picture undergoes.
"""
canvas = 320  # every image is placed on a square of this side
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
            channels=128,
            num_layers=1,
            heads=4,
            hidden=256,
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
        image_channels=128,
        channels=128,
        num_layers=3,
        max_text_tokens=max_tokens,
        num_image_tokens=(canvas // 32)**2,
        num_learned_tokens=1,
        heads=4,
        hidden=256,
        dropout=0.1,
        pre_norm=True),
    head=dict(
        type='BoxHead',
        channels=128,
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
    dict(type='Resize', long=canvas),
    dict(type='RandomFlip', prob=0.5, swap='word'),
    dict(type='PlaceOnCanvas', size=canvas, mode='center')
] + words
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='Resize', long=canvas),
    dict(type='PlaceOnCanvas', size=canvas, mode='center')
] + words
