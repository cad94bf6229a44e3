"""Partial-RES small enough for two CPU cores: SeqTR's tiny model with its additions."""
_base_ = './seqtr_tiny.py'
model = dict(
    type='PartialRES',
    fusion=dict(type='SentenceTokenProduct'),
    head=dict(
        type='ContourHead',
        parts=[dict(type='ContourPart', num_points=12, end_weight=0.1)]))
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations', with_mask=True),
    dict(type='RandomFlip', prob=0.5, swap='substring'),
    dict(type='PadToDivisor', divisor=32),
    dict(type='SampleContour', num_points=12)
] + _base_.words
