"""MDETR, PhraseCut, first the detector. Expected: see configs/siri/README.md.

python tools/train.py configs/siri/mdetr_phrasecut.py
"""
_base_ = [
    '../_base_/models/mdetr_r101.py', '../_base_/datasets/phrasecut.py',
    '../_base_/schedules/mdetr_5e.py', '../_base_/default_runtime.py'
]
load_from = 'data/pretrained/mdetr_r101.pth'
model = dict(head=dict(align_channels=0))
param_scheduler = [
    dict(
        type='GroupSchedule', epochs=10, rules=dict(language_encoder='linear'), drop=11,
        convert_to_iter_based=True)
]
train_cfg = dict(max_epochs=10)
val_evaluator = [
    dict(type='PhraseRecall', protocol='any_box'),
    dict(type='PhraseRecall', protocol='merged_box')
]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='phrase/R@1'))
train_dataloader = dict(batch_size=4, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
