"""MDETR, phrase grounding, Flickr30k. Expected: see configs/siri/README.md.

python tools/train.py configs/siri/mdetr_flickr30k.py
"""
_base_ = [
    '../_base_/models/mdetr_r101.py', '../_base_/datasets/flickr30k_entities.py',
    '../_base_/schedules/mdetr_5e.py', '../_base_/default_runtime.py'
]
load_from = 'data/pretrained/mdetr_r101.pth'
default_hooks = dict(checkpoint=dict(save_best='phrase/R@1'))
train_dataloader = dict(batch_size=4, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
