"""RefTR, ResNet-50, boxes, RefCOCOg (google).

Expected: see configs/reftr/README.md.

python tools/train.py configs/reftr/reftr_refcocog_google.py
"""
_base_ = [
    '../_base_/models/reftr_r50.py', '../_base_/datasets/refcocog_google.py',
    '../_base_/schedules/reftr_90e.py', '../_base_/default_runtime.py'
]
model = dict(
    init_cfg=dict(checkpoint='data/pretrained/detr_r50_gref.pth'))
# The split is by object: images of val are in train, as in the published protocol.
exclude_protected = False
train_dataloader = dict(
    dataset=dict(pipeline=_base_.train_pipeline, text_field='sent', **_base_.reading))
val_dataloader = dict(
    dataset=dict(pipeline=_base_.test_pipeline, text_field='sent', **_base_.reading))
test_dataloader = val_dataloader
