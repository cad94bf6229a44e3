"""SeqTR with DarkNet-53 and word vectors, contours of 12 points, as published.

The points of a fifth of a batch are shuffled.
"""
_base_ = './seqtr_darknet53_segm.py'
model = dict(
    head=dict(
        parts=[
            dict(
                type='ContourPart', num_points=12, end_weight=0.1,
                shuffle_fraction=0.2)
        ]))
contour = [dict(type='SampleContour', num_points=12)]
train_transforms = _base_.train_transforms[:-1] + contour
plain_transforms = _base_.plain_transforms[:-1] + contour
