"""RefTR for two CPU cores: images of 64 x 64, 64 image tokens, no downloads.

Everything is trained from random weights, so nothing is frozen and the batch statistics
of the backbone are learned.
"""
canvas = 64  # the long side of every image
max_tokens = 20
vocab = 'synthref'

model = dict(
    type='RefTR',
    data_preprocessor=dict(type='GroundingDataPreprocessor'),
    image_encoder=dict(
        type='PositionedEncoder',
        encoder=dict(
            type='NormedEncoder',
            backbone=dict(
                type='ResNet',
                depth=18,
                num_stages=2,
                strides=(1, 2),
                dilations=(1, 1),
                out_indices=(1, ),
                base_channels=32,
                norm_eval=False,
                style='pytorch'),
            in_channels=64,
            channels=64,
            groups=8,
            norm_padding=False,
            num_layers=0)),
    language_encoder=dict(
        type='PooledTransformer',
        model_type='bert',
        config=dict(
            vocab_size=160,
            hidden_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=128,
            max_position_embeddings=max(64, max_tokens),
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0)),
    fusion=dict(
        type='TypedJointEncoder',
        text_channels=64,
        channels=64,
        num_layers=2,
        max_text_tokens=max(64, max_tokens),
        heads=4,
        hidden=128,
        dropout=0.0),
    phrase_queries=dict(
        type='PhraseQueries',
        phrase_channels=64,
        channels=64,
        queries_per_phrase=1,
        dropout=0.0),
    head=dict(
        type='PhraseHead',
        channels=64,
        num_layers=2,
        queries_per_phrase=1,
        heads=4,
        hidden=128,
        dropout=0.0,
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
    dict(type='RandomFlip', prob=0.5, swap='substring')
] + words
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='ResizeLongEdge', size=canvas)
] + words
