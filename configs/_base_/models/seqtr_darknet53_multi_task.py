"""SeqTR with DarkNet-53 and word vectors, a box and then a contour.

The published multi-task configs lack their data files; the pipeline is the one that the
authors' later Partial-RES gives for them (no jitter)."""
_base_ = './seqtr_darknet53.py'
model = dict(
    head=dict(
        learned_start=True,
        parts=[
            dict(type='BoxPart', first_weight=1.5),
            dict(
                type='ContourPart', num_points=18, end_weight=1.0, min_steps=4)
        ]))
train_transforms = [
    dict(type='LoadImageFromFile'),
    dict(type='PickExpression', mode='random'),
    dict(type='LoadGroundingAnnotations', with_mask=True),
    dict(type='ClipBoxes'),
    dict(type='ResizeLongEdge', size=_base_.canvas, backend='opencv'),
    dict(type='PadToDivisor', divisor=32),
    dict(type='SampleContour', num_points=18)
]
