"""TransVG, ResNet-50, RefCOCO. Eight GPUs. Expected: see configs/transvg/README.md.

python tools/train.py configs/transvg/transvg_refcoco.py
"""
_base_ = [
    '../_base_/models/transvg_r50.py', '../_base_/datasets/refcoco_unc.py',
    '../_base_/schedules/adamw_90e.py', '../_base_/default_runtime.py'
]
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline, **_base_.reading))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline, **_base_.reading))
test_dataloader = val_dataloader
