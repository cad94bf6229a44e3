"""RefTR, ResNet-50, boxes and masks, RefCOCO+ (2nd stage).

Expected: see configs/reftr/README.md.

python tools/train_stages.py configs/reftr/reftr_res_refcoco_plus.py
This stage alone: python tools/train.py configs/reftr/reftr_res_refcoco_plus.py
"""
_base_ = [
    '../_base_/models/reftr_masks_r50.py', '../_base_/datasets/refcoco_plus_unc.py',
    '../_base_/schedules/reftr_res_40e.py', '../_base_/default_runtime.py'
]
model = dict(
    language_encoder=dict(init_cfg=None),
    init_cfg=None)
earlier_stages = ['configs/reftr/reftr_refcoco_plus.py']
load_from = 'work_dirs/reftr_refcoco_plus/epoch_90.pth'
val_evaluator = [
    dict(type='BoxAccuracy'), dict(type='MaskIoU'), dict(type='NetworkMaskIoU')
]
test_evaluator = val_evaluator
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline, **_base_.reading))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline, **_base_.reading))
test_dataloader = val_dataloader
