"""TransVG, tiny, on SynthRef L0. Two CPU cores, minutes.

python tools/train.py configs/transvg/transvg_tiny_synthref_l0.py
"""
_base_ = [
    '../_base_/models/transvg_tiny.py', '../_base_/datasets/synthref_l0.py',
    '../_base_/schedules/adamw_cpu_demo.py', '../_base_/default_runtime.py'
]
# Boxes alone do not hold the rate of SegVG: at 2e-3 the loss stays where it begins.
optim_wrapper = dict(optimizer=dict(lr=1e-3))
# All expressions of an image in one batch: what differs between them is the text alone.
train_dataloader = dict(
    batch_size=24,
    dataset=dict(pipeline=_base_.train_pipeline, sample_by='image'))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
