"""SegVG, ResNet-101, RefCOCOg (google). Eight GPUs.

Expected: see configs/segvg/README.md.

python tools/train.py configs/segvg/segvg_refcocog_google.py
"""
_base_ = [
    '../_base_/models/segvg_r101.py', '../_base_/datasets/refcocog_google.py',
    '../_base_/schedules/segvg_90e.py', '../_base_/default_runtime.py'
]
model = dict(
    image_encoder=dict(
        init_cfg=dict(checkpoint='data/pretrained/detr_r101_gref.pth')))
# The split is by object: images of val are in train, as in the published protocol.
exclude_protected = False
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline, **_base_.reading))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline, **_base_.reading))
test_dataloader = val_dataloader
