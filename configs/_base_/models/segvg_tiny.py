"""SegVG for two CPU cores: canvas of 64 x 64, 64 image tokens, no downloads.

Everything is trained from random weights, so nothing is frozen and the batch statistics
of the backbone are learned.
"""
canvas = 64  # every image is placed on a square of this side
max_tokens = 20
vocab = 'synthref'

model = dict(
    type='SegVG',
    data_preprocessor=dict(type='GroundingDataPreprocessor'),
    image_encoder=dict(
        type='DETREncoder',
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
        num_layers=2,
        heads=4,
        hidden=128,
        dropout=0.0,
        mask_image_padding=False),
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
    alignment=dict(
        type='TripleAlignment',
        num_layers=2,
        channels=64,
        text_channels=64,
        heads=4,
        dropout=0.0),
    fusion=dict(
        type='JointEncoder',
        text_channels=64,
        image_channels=64,
        channels=64,
        num_layers=2,
        max_text_tokens=max_tokens,
        num_image_tokens=(canvas // 8)**2,
        heads=4,
        hidden=128,
        dropout=0.0,
        pre_norm=True),
    head=dict(
        type='SegVGHead',
        channels=64,
        num_layers=2,
        heads=4,
        hidden=128,
        dropout=0.0,
        loss_box=dict(type='BoxLoss', l1_weight=5.0, giou_weight=2.0),
        loss_mask=dict(
            type='FocalDiceLoss', focal_weight=1.0, dice_weight=1.0, alpha=0.25,
            gamma=2.0),
        predict_masks=True),
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
    dict(type='Resize', long=canvas),
    dict(type='RandomFlip', prob=0.5, swap='substring'),
    dict(type='PlaceOnCanvas', size=canvas, mode='center'),
    dict(type='FillBoxMask', stride=2)
] + words
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='Resize', long=canvas),
    dict(type='PlaceOnCanvas', size=canvas, mode='center')
] + words
