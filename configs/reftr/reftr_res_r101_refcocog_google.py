"""RefTR, ResNet-101, boxes and masks, RefCOCOg (google) (2nd stage).

Expected: see configs/reftr/README.md.

python tools/train_stages.py configs/reftr/reftr_res_r101_refcocog_google.py
This stage alone: python tools/train.py configs/reftr/reftr_res_r101_refcocog_google.py
"""
_base_ = [
    '../_base_/models/reftr_masks_r50.py', '../_base_/datasets/refcocog_google.py',
    '../_base_/schedules/reftr_res_40e.py', '../_base_/default_runtime.py'
]
model = dict(
    image_encoder=dict(backbone=dict(depth=101)),
    language_encoder=dict(init_cfg=None),
    init_cfg=None)
earlier_stages = ['configs/reftr/reftr_r101_refcocog_google.py']
load_from = 'work_dirs/reftr_r101_refcocog_google/epoch_90.pth'
val_evaluator = [
    dict(type='BoxAccuracy'), dict(type='MaskIoU'), dict(type='NetworkMaskIoU')
]
test_evaluator = val_evaluator
# The split is by object: images of val are in train, as in the published protocol.
exclude_protected = False
train_dataloader = dict(
    dataset=dict(pipeline=_base_.train_pipeline, text_field='sent', **_base_.reading))
val_dataloader = dict(
    dataset=dict(pipeline=_base_.test_pipeline, text_field='sent', **_base_.reading))
test_dataloader = val_dataloader
