"""SeqTR, tiny, contours of 12 points on SynthRef L1. Two CPU cores, minutes.

python tools/train.py configs/seqtr/seqtr_tiny_segm_synthref_l1.py
"""
_base_ = [
    '../_base_/models/seqtr_tiny.py', '../_base_/datasets/synthref_l1.py',
    '../_base_/schedules/seqtr_cpu_demo.py', '../_base_/default_runtime.py'
]
model = dict(head=dict(parts=[dict(type='ContourPart', num_points=12, end_weight=0.1)]))
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations', with_mask=True),
    dict(type='RandomFlip', prob=0.5, swap='substring'),
    dict(type='PadToDivisor', divisor=32),
    dict(type='SampleContour', num_points=12)
] + _base_.words
# A sample is an image with its three expressions: the image is encoded once for all.
train_dataloader = dict(
    batch_size=24, dataset=dict(pipeline=train_pipeline, sample_by='image'))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='BoxAccuracy'), dict(type='MaskIoU'), dict(type='SeqTRMaskIoU')
]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='res/mIoU'))
