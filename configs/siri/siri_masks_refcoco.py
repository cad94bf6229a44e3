"""SiRi for masks, RefCOCO. Expected: see configs/siri/README.md.

First: siri_refcoco.py, whose detector stays fixed.

python tools/train.py configs/siri/siri_masks_refcoco.py
"""
_base_ = [
    '../_base_/models/siri_masks_r101.py', '../_base_/datasets/refcoco_unc.py',
    '../_base_/schedules/masks_35e.py', '../_base_/default_runtime.py'
]
load_from = 'work_dirs/siri_refcoco/round_8/epoch_30.pth'
val_evaluator = [dict(type='MaskIoU'), dict(type='BoxAccuracy')]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='res/mIoU'))
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
