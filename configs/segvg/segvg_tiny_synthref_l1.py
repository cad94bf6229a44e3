"""SegVG, tiny, on SynthRef L1. Two CPU cores, minutes.

python tools/train.py configs/segvg/segvg_tiny_synthref_l1.py
"""
_base_ = [
    '../_base_/models/segvg_tiny.py', '../_base_/datasets/synthref_l1.py',
    '../_base_/schedules/adamw_cpu_demo.py', '../_base_/default_runtime.py'
]
# All expressions of an image in one batch: what differs between them is the text alone.
train_dataloader = dict(
    batch_size=24,
    dataset=dict(pipeline=_base_.train_pipeline, sample_by='image'))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
