"""Partial-RES with DarkNet-53, contours of 18 points (RefCOCO)."""
_base_ = './partial_res_darknet53.py'
model = dict(head=dict(parts=[dict(type='ContourPart', num_points=18, end_weight=0.1)]))
train_transforms = _base_.train_transforms[:-1] + [
    dict(type='SampleContour', num_points=18)
]
