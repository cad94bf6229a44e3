"""SegVG, tiny, on SynthRef L0. Two CPU cores, minutes. What tools/demo.sh runs.

python tools/train.py configs/segvg/segvg_tiny_synthref_l0.py
"""
_base_ = [
    '../_base_/models/segvg_tiny.py', '../_base_/datasets/synthref_l0.py',
    '../_base_/schedules/adamw_cpu_demo.py', '../_base_/default_runtime.py'
]
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
