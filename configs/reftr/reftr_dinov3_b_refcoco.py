"""RefTR, DINOv3 ViT-B/16, boxes, RefCOCO. Not scored yet.

python tools/train.py configs/reftr/reftr_dinov3_b_refcoco.py
"""
_base_ = [
    '../_base_/models/reftr_dinov3_b.py', '../_base_/datasets/refcoco_unc.py',
    '../_base_/schedules/reftr_90e.py', '../_base_/default_runtime.py'
]
optim_wrapper = dict(
    constructor='LayerDecayConstructor',
    paramwise_cfg=dict(
        _delete_=True,
        parts={
            'image_encoder.backbone': dict(rate=0.1, layer_decay=0.8),
            'language_encoder': dict(rate=0.1)
        }))
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline, **_base_.reading))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline, **_base_.reading))
test_dataloader = val_dataloader
