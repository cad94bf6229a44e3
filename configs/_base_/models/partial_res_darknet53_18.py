"""Partial-RES with DarkNet-53, contours of 18 points (RefCOCO)."""
_base_ = './partial_res_darknet53.py'
model = dict(head=dict(parts=[dict(type='ContourPart', num_points=18, end_weight=0.1)]))
train_transforms = [
    dict(type='LoadImageFromFile'),
    dict(type='PickExpression', mode='random'),
    dict(type='LoadGroundingAnnotations', with_mask=True),
    dict(type='ClipBoxes'),
    dict(type='LargeScaleJitter', size=_base_.canvas, ratio=(0.3, 1.4), keep='mask'),
    dict(type='PadToDivisor', divisor=32),
    dict(type='SampleContour', num_points=18)
]
