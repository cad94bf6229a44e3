"""SiRi, ResNet-101, boxes of gRefCOCO. Four GPUs. Nothing published to compare with.

python tools/siri.py configs/siri/siri_grefcoco.py
python tools/train.py configs/siri/siri_grefcoco.py
"""
_base_ = [
    '../_base_/models/siri_r101.py', '../_base_/datasets/grefcoco.py',
    '../_base_/schedules/siri_30e.py', '../_base_/default_runtime.py'
]
# A box counts from a score of 0.7; with none there is nothing.
val_evaluator = [
    dict(type='GeneralizedBoxF1', score_threshold=0.7),
    dict(type='GeneralizedBoxF1', score_threshold=0.7, official=True)
]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='grec/Pr@(F1=1)'))
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
