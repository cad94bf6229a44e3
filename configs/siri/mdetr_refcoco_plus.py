"""MDETR, fine-tuned, RefCOCO+. Two GPUs. Expected: see configs/siri/README.md.

python tools/train.py configs/siri/mdetr_refcoco_plus.py
"""
_base_ = [
    '../_base_/models/mdetr_r101.py', '../_base_/datasets/refcoco_plus_unc.py',
    '../_base_/schedules/mdetr_5e.py', '../_base_/default_runtime.py'
]
load_from = 'data/pretrained/mdetr_r101.pth'
val_evaluator = [dict(type='BoxAccuracy'), dict(type='BoxRecall')]
test_evaluator = val_evaluator
train_dataloader = dict(batch_size=4, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
