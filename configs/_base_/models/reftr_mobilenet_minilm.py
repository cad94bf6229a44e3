"""RefTR with MobileNetV2 and MiniLM, both frozen; boxes, images of 320."""
canvas = 320  # the long side of every image
max_tokens = 20
vocab = 'data/towers/minilm'

model = dict(
    type='RefTR',
    data_preprocessor=dict(type='GroundingDataPreprocessor'),
    image_encoder=dict(
        type='PositionedEncoder',
        encoder=dict(
            type='NormedEncoder',
            backbone=dict(
                type='HuggingFaceBackbone',
                config=dict(
                    model_type='mobilenet_v2', layer_norm_eps=1e-5, tf_padding=False),
                frozen=True,
                init_cfg=dict(
                    type='HuggingFacePretrained', name='data/towers/mobilenet_v2')),
            in_channels=1280,
            channels=128,
            groups=8,
            norm_padding=False,
            num_layers=0)),
    language_encoder=dict(
        type='HuggingFaceTextEncoder',
        config=dict(
            model_type='bert',
            hidden_size=384,
            num_hidden_layers=6,
            num_attention_heads=12,
            intermediate_size=1536),
        pooling='mean',
        frozen=True,
        init_cfg=dict(type='HuggingFacePretrained', name=vocab)),
    fusion=dict(
        type='TypedJointEncoder',
        text_channels=384,
        channels=128,
        num_layers=3,
        max_text_tokens=max_tokens,
        heads=4,
        hidden=256,
        dropout=0.1),
    phrase_queries=dict(
        type='PhraseQueries',
        phrase_channels=384,
        channels=128,
        queries_per_phrase=1,
        dropout=0.1),
    head=dict(
        type='PhraseHead',
        channels=128,
        num_layers=2,
        queries_per_phrase=1,
        heads=4,
        hidden=256,
        dropout=0.1,
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
    dict(type='ResizeLongEdge', size=canvas),
    dict(type='RandomFlip', prob=0.5, swap='word')
] + words
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='ResizeLongEdge', size=canvas)
] + words
