"""MDETR, fine-tuned, boxes of gRefCOCO. Two GPUs. Expected: see configs/siri/README.md.

python tools/train.py configs/siri/mdetr_grefcoco.py
"""
_base_ = [
    '../_base_/models/mdetr_r101.py', '../_base_/datasets/grefcoco.py',
    '../_base_/schedules/mdetr_5e.py', '../_base_/default_runtime.py'
]
load_from = 'data/pretrained/mdetr_r101.pth'
# A box counts from a score of 0.7, as published; with none there is nothing.
val_evaluator = [
    dict(type='GeneralizedBoxF1', score_threshold=0.7),
    dict(type='GeneralizedBoxF1', score_threshold=0.7, official=True)
]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='grec/Pr@(F1=1)'))
train_dataloader = dict(
    batch_size=4,
    dataset=dict(pipeline=_base_.train_pipeline, text_field='sent'))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline, text_field='sent'))
test_dataloader = val_dataloader
