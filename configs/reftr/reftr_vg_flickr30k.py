"""RefTR, ResNet-50, phrases, Flickr30k Entities (2nd stage).

Expected: see configs/reftr/README.md.

python tools/train_stages.py configs/reftr/reftr_vg_flickr30k.py
This stage alone: python tools/train.py configs/reftr/reftr_vg_flickr30k.py
"""
_base_ = [
    '../_base_/models/reftr_phrases_r50.py', '../_base_/datasets/flickr30k_reftr.py',
    '../_base_/schedules/reftr_40e.py', '../_base_/default_runtime.py'
]
model = dict(
    language_encoder=dict(init_cfg=None),
    init_cfg=None)
earlier_stages = ['configs/reftr/reftr_vg_pretrain.py']
load_from = 'work_dirs/reftr_vg_pretrain/epoch_15.pth'
default_hooks = dict(checkpoint=dict(save_best='phrase/R@1'))
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
