"""InstanceVG, tiny, SynthRef L1 with many targets, one or none. See README.md.

python tools/train.py configs/instancevg/instancevg_tiny_synthref_l1.py
"""
_base_ = [
    '../_base_/models/instancevg_tiny.py', '../_base_/datasets/synthref_l1.py',
    '../_base_/schedules/rela_cpu_demo.py', '../_base_/default_runtime.py'
]
train_dataloader = dict(
    batch_size=16,
    dataset=dict(pipeline=_base_.train_pipeline, only_single_target=False))
val_dataloader = dict(
    dataset=dict(pipeline=_base_.test_pipeline, only_single_target=False))
test_dataloader = val_dataloader
val_evaluator = [
    dict(
        type='GeneralizedMaskIoU', score_threshold=0.5, no_target_threshold=0.5),
    dict(type='GeneralizedBoxF1', score_threshold=0.5)
]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='gres/gIoU'))
