"""RefTR, tiny, boxes, on SynthRef L1. Two CPU cores, minutes.

Expected: see configs/reftr/README.md.

python tools/train.py configs/reftr/reftr_tiny_synthref_l1.py
"""
_base_ = [
    '../_base_/models/reftr_tiny.py', '../_base_/datasets/synthref_l1.py',
    '../_base_/schedules/reftr_cpu_demo.py', '../_base_/default_runtime.py'
]
# All expressions of an image in one batch: what differs between them is the text alone.
train_dataloader = dict(
    batch_size=16,
    dataset=dict(pipeline=_base_.train_pipeline, sample_by='image'))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
