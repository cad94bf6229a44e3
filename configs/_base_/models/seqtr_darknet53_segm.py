"""SeqTR with DarkNet-53 and word vectors, contours, as published."""
_base_ = './seqtr_darknet53.py'
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
plain_transforms = [
    dict(type='LoadImageFromFile'),
    dict(type='PickExpression', mode='random'),
    dict(type='LoadGroundingAnnotations', with_mask=True),
    dict(type='ClipBoxes'),
    dict(type='ResizeLongEdge', size=_base_.canvas, backend='opencv'),
    dict(type='PadToDivisor', divisor=32),
    dict(type='SampleContour', num_points=18)
]
