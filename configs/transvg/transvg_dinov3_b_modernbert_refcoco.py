"""TransVG, DINOv3 ViT-B/16 and ModernBERT-base, RefCOCO. Eight GPUs. Not scored yet.

python tools/train.py configs/transvg/transvg_dinov3_b_modernbert_refcoco.py
"""
_base_ = [
    '../_base_/models/transvg_dinov3_b_modernbert.py',
    '../_base_/datasets/refcoco_unc.py',
    '../_base_/schedules/adamw_layer_decay_90e.py', '../_base_/default_runtime.py'
]
optim_wrapper = dict(
    paramwise_cfg=dict(parts=dict(language_encoder=dict(layer_decay=0.9))))
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline, **_base_.reading))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline, **_base_.reading))
test_dataloader = val_dataloader
