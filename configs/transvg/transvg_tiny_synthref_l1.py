"""TransVG, tiny, on SynthRef L1. Two CPU cores, minutes.

python tools/train.py configs/transvg/transvg_tiny_synthref_l1.py
"""
_base_ = [
    '../_base_/models/transvg_tiny.py', '../_base_/datasets/synthref_l1.py',
    '../_base_/schedules/adamw_cpu_demo.py', '../_base_/default_runtime.py'
]
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
