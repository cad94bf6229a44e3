"""TransVG, ResNet-50, RefCOCO+. Eight GPUs. Expected: see configs/transvg/README.md.

python tools/train.py configs/transvg/transvg_refcoco_plus.py
"""
_base_ = [
    '../_base_/models/transvg_r50.py', '../_base_/datasets/refcoco_plus_unc.py',
    '../_base_/schedules/adamw_90e.py', '../_base_/default_runtime.py'
]
train_dataloader = dict(
    dataset=dict(
        pipeline=_base_.train_pipeline, box_profile='truncate_xywh', text_field='sent'))
val_dataloader = dict(
    dataset=dict(
        pipeline=_base_.test_pipeline, box_profile='truncate_xywh', text_field='sent'))
test_dataloader = dict(
    dataset=dict(
        pipeline=_base_.test_pipeline, box_profile='truncate_xywh', text_field='sent'))
# Twice as long as on the other data sets.
train_cfg = dict(max_epochs=180)
param_scheduler = [dict(type='MultiStepLR', by_epoch=True, milestones=[120], gamma=0.1)]
