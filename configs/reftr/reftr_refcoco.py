"""RefTR, ResNet-50, boxes, RefCOCO.

Expected: see configs/reftr/README.md.

python tools/train.py configs/reftr/reftr_refcoco.py
"""
_base_ = [
    '../_base_/models/reftr_r50.py', '../_base_/datasets/refcoco_unc.py',
    '../_base_/schedules/reftr_90e.py', '../_base_/default_runtime.py'
]
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline, **_base_.reading))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline, **_base_.reading))
test_dataloader = val_dataloader
