"""MDETR small enough for two CPU cores: 64 x 64 pixels, 64 image tokens, no downloads.

As the tiny SiRi it is trained from random weights, box and mask together. A caption
names most of the objects, so here queries find objects first, as published, and the
words decide which is which.
"""
_base_ = './siri_tiny.py'
max_tokens = 60
model = dict(
    type='MDETR',
    language_encoder=dict(config=dict(max_position_embeddings=max(64, max_tokens))),
    head=dict(
        type='SoftTokenHead',
        num_classes=max(64, max_tokens + 1),
        mask_threshold=0.0,
        align_channels=32,
        align_weight=1.0,
        align_temperature=0.07,
        loss_set=dict(matcher=dict(class_cost=1.0))))

words = [
    dict(
        type='TokenizeCaption',
        max_length=max_tokens,
        tokenizer=dict(type='WordPieceTokenizer', vocab=_base_.vocab)),
    dict(type='PackGroundingInputs')
]
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations', with_mask=True),
    dict(type='Resize', long=_base_.canvas)
] + words
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='Resize', long=_base_.canvas)
] + words
