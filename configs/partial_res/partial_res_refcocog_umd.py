"""Partial-RES, RefCOCOg (umd). Two GPUs. Expected: see configs/partial_res/README.md.

All steps: python tools/partial_res.py configs/partial_res/partial_res_refcocog_umd.py
Contours alone: python tools/train.py configs/partial_res/partial_res_refcocog_umd.py
"""
_base_ = [
    '../_base_/models/partial_res_darknet53.py', '../_base_/datasets/refcocog_umd.py',
    '../_base_/words/refcocog_umd.py', '../_base_/schedules/seqtr_90e.py',
    '../_base_/default_runtime.py'
]
partial_res = dict(
    rec_config='configs/seqtr/seqtr_det_refcocog_umd.py', percent=5, seed=0,
    threshold=0.1)
model = dict(language_encoder=_base_.word_encoder)
train_dataloader = dict(
    batch_size=64,
    dataset=dict(sample_by='ref', pipeline=_base_.train_transforms + _base_.words))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_transforms + _base_.words))
test_dataloader = val_dataloader
val_evaluator = [dict(type='MaskIoU'), dict(type='SeqTRMaskIoU')]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='res/mIoU'))
