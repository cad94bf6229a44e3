"""InstanceVG, tiny, SynthRef L0, one target a sentence. Two CPU cores, minutes.

python tools/train.py configs/instancevg/instancevg_tiny_synthref_l0.py
"""
_base_ = [
    '../_base_/models/instancevg_tiny.py', '../_base_/datasets/synthref_l0.py',
    '../_base_/schedules/rela_cpu_demo.py', '../_base_/default_runtime.py'
]
train_dataloader = dict(
    batch_size=16, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
val_evaluator = [
    dict(
        type='GeneralizedMaskIoU', score_threshold=0.5, no_target_threshold=0.5),
    dict(type='BoxAccuracy')
]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='gres/gIoU'))
train_cfg = dict(max_epochs=6, val_interval=2)
