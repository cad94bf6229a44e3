"""MDETR, PhraseCut, then the masks. Expected: see configs/siri/README.md.

python tools/train.py configs/siri/mdetr_masks_phrasecut.py
"""
_base_ = [
    '../_base_/models/mdetr_masks_r101.py', '../_base_/datasets/phrasecut.py',
    '../_base_/schedules/masks_35e.py', '../_base_/default_runtime.py'
]
load_from = 'work_dirs/mdetr_phrasecut/epoch_10.pth'
default_hooks = dict(checkpoint=dict(save_best='phrasecut/mIoU'))
train_dataloader = dict(batch_size=1, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
