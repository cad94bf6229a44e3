"""Partial-RES with DarkNet-53, contours of 12 points, as in its paper.

configs/partial_res/README.md has the paper and the differences.
"""
_base_ = './seqtr_darknet53.py'
model = dict(
    type='PartialRES',
    fusion=dict(type='SentenceTokenProduct'),
    head=dict(
        type='ContourHead',
        parts=[dict(type='ContourPart', num_points=12, end_weight=0.1)]))
train_transforms = [
    dict(type='LoadImageFromFile'),
    dict(type='PickExpression', mode='random'),
    dict(type='LoadGroundingAnnotations', with_mask=True),
    dict(type='ClipBoxes'),
    dict(type='LargeScaleJitter', size=_base_.canvas, ratio=(0.3, 1.4), keep='mask'),
    dict(type='PadToDivisor', divisor=32),
    dict(type='SampleContour', num_points=12)
]
