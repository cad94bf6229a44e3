"""SegVG with a frozen MobileNetV2 and MiniLM; canvas of 224, 49 image tokens.

SegVG steps the language encoder layer by layer, so its features cannot be kept. It is
frozen by FreezeHook: its weights stay, gradients of image tokens flow through it.
"""
canvas = 224  # every image is placed on a square of this side
sides = [160, 192, 224]  # of the long side in training, one of them at random
max_tokens = 20
vocab = 'data/towers/minilm'

model = dict(
    type='SegVG',
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
            num_layers=2,
            heads=4,
            hidden=128,
            dropout=0.1,
            mask_image_padding=False)),
    language_encoder=dict(
        type='LanguageTransformer',
        model_type='bert',
        config=dict(
            hidden_size=384,
            num_hidden_layers=6,
            num_attention_heads=12,
            intermediate_size=1536,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0),
        init_cfg=dict(type='HuggingFacePretrained', name=vocab)),
    alignment=dict(
        type='TripleAlignment',
        num_layers=2,
        channels=64,
        text_channels=384,
        heads=4,
        dropout=0.1),
    fusion=dict(
        type='JointEncoder',
        text_channels=384,
        image_channels=64,
        channels=64,
        num_layers=2,
        max_text_tokens=max_tokens,
        num_image_tokens=(canvas // 32)**2,
        heads=4,
        hidden=128,
        dropout=0.1,
        pre_norm=True),
    head=dict(
        type='SegVGHead',
        channels=64,
        num_layers=2,
        heads=4,
        hidden=128,
        dropout=0.1,
        loss_box=dict(type='BoxLoss', l1_weight=5.0, giou_weight=2.0),
        loss_mask=dict(
            type='FocalDiceLoss', focal_weight=1.0, dice_weight=1.0, alpha=0.25,
            gamma=2.0)),
    num_queries=6,
    channels=64)

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
    dict(type='PlaceOnCanvas', size=canvas, mode='center'),
    dict(type='FillBoxMask', stride=8)
] + words
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='Resize', long=canvas),
    dict(type='PlaceOnCanvas', size=canvas, mode='center')
] + words
