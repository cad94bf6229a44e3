"""RefTR, ResNet-50, boxes, RefCOCOg (umd) (2nd stage).

Expected: see configs/reftr/README.md.

python tools/train_stages.py configs/reftr/reftr_vg_refcocog_umd.py
This stage alone: python tools/train.py configs/reftr/reftr_vg_refcocog_umd.py
"""
_base_ = [
    '../_base_/models/reftr_r50.py', '../_base_/datasets/refcocog_umd.py',
    '../_base_/schedules/reftr_90e.py', '../_base_/default_runtime.py'
]
model = dict(
    language_encoder=dict(init_cfg=None),
    init_cfg=None)
earlier_stages = ['configs/reftr/reftr_vg_pretrain.py']
load_from = 'work_dirs/reftr_vg_pretrain/epoch_15.pth'
train_dataloader = dict(
    dataset=dict(pipeline=_base_.train_pipeline, text_field='sent', **_base_.reading))
val_dataloader = dict(
    dataset=dict(pipeline=_base_.test_pipeline, text_field='sent', **_base_.reading))
test_dataloader = val_dataloader
