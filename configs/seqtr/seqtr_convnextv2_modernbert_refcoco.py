"""SeqTR, ConvNeXtV2-B and ModernBERT-base, boxes, RefCOCO. Not scored yet.

python tools/train.py configs/seqtr/seqtr_convnextv2_modernbert_refcoco.py
"""
_base_ = [
    '../_base_/models/seqtr_convnextv2_b_modernbert.py',
    '../_base_/datasets/refcoco_unc.py', '../_base_/schedules/seqtr_60e.py',
    '../_base_/default_runtime.py'
]
optim_wrapper = dict(
    constructor='LayerDecayConstructor',
    paramwise_cfg=dict(
        parts={
            'image_encoder': dict(rate=0.1, layer_decay=0.8),
            'language_encoder.encoder': dict(rate=0.1, layer_decay=0.9)
        }))
train_dataloader = dict(
    batch_size=128,
    dataset=dict(sample_by='ref', pipeline=_base_.train_transforms + _base_.words))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_transforms + _base_.words))
test_dataloader = val_dataloader
