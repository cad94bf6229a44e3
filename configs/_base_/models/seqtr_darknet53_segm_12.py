"""SeqTR with DarkNet-53 and word vectors, contours of 12 points, as published.

Of a fifth of a batch the points are shuffled."""
_base_ = './seqtr_darknet53.py'
model = dict(
    head=dict(
        parts=[
            dict(
                type='ContourPart', num_points=12, end_weight=0.1,
                shuffle_fraction=0.2)
        ]))
train_transforms = [
    dict(type='LoadImageFromFile'),
    dict(type='PickExpression', mode='random'),
    dict(type='LoadGroundingAnnotations', with_mask=True),
    dict(type='ClipBoxes'),
    dict(type='LargeScaleJitter', size=_base_.canvas, ratio=(0.3, 1.4), keep='mask'),
    dict(type='PadToDivisor', divisor=32),
    dict(type='SampleContour', num_points=12)
]
