"""MDETR, fine-tuned, RefCOCOg (umd). Two GPUs. Expected: see configs/siri/README.md.

python tools/train.py configs/siri/mdetr_refcocog_umd.py
"""
_base_ = [
    '../_base_/models/mdetr_r101.py', '../_base_/datasets/refcocog_umd.py',
    '../_base_/schedules/mdetr_5e.py', '../_base_/default_runtime.py'
]
load_from = 'data/pretrained/mdetr_r101.pth'
val_evaluator = [dict(type='BoxAccuracy'), dict(type='BoxRecall')]
test_evaluator = val_evaluator
param_scheduler = [
    dict(
        type='GroupSchedule', epochs=3, rules=dict(language_encoder='linear'), drop=2,
        convert_to_iter_based=True)
]
train_cfg = dict(max_epochs=3)
train_dataloader = dict(batch_size=4, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
