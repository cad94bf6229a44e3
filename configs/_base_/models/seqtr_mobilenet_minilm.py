"""SeqTR with MobileNetV2 and MiniLM, both frozen; boxes, canvas of 224, 64 bins."""
canvas = 224  # every image is placed on a square of this side
sides = [160, 192, 224]  # of the long side in training, one of them at random
max_tokens = 20
vocab = 'data/towers/minilm'

model = dict(
    type='SeqTR',
    data_preprocessor=dict(type='GroundingDataPreprocessor'),
    image_encoder=dict(
        type='HuggingFaceBackbone',
        config=dict(model_type='mobilenet_v2', layer_norm_eps=1e-5, tf_padding=False),
        frozen=True,
        init_cfg=dict(type='HuggingFacePretrained', name='data/towers/mobilenet_v2')),
    language_encoder=dict(
        type='SentenceEncoder',
        channels=1280,
        encoder=dict(
            type='HuggingFaceTextEncoder',
            config=dict(
                model_type='bert',
                hidden_size=384,
                num_hidden_layers=6,
                num_attention_heads=12,
                intermediate_size=1536),
            pooling='mean',
            frozen=True,
            init_cfg=dict(type='HuggingFacePretrained', name=vocab))),
    fusion=dict(
        type='GatedProduct',
        map_channels=(1280, ),
        channels=64,
        num_layers=2,
        heads=4,
        hidden=128,
        dropout=0.1,
        groups=8),
    head=dict(
        type='SequenceHead',
        parts=[dict(type='BoxPart', first_weight=1.5)],
        loss=dict(type='SequenceLoss', smoothing=0.1),
        auxiliary=dict(type='BoxMaskAuxiliary', channels=64),
        channels=64,
        num_layers=2,
        heads=4,
        hidden=128,
        dropout=0.1,
        num_bins=64))

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
