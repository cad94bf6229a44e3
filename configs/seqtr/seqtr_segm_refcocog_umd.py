"""SeqTR, DarkNet-53, contours, RefCOCOg (umd). One GPU.

Expected: see configs/seqtr/README.md.

python tools/train.py configs/seqtr/seqtr_segm_refcocog_umd.py
"""
_base_ = [
    '../_base_/models/seqtr_darknet53_segm_12.py', '../_base_/datasets/refcocog_umd.py',
    '../_base_/words/refcocog_umd.py', '../_base_/schedules/seqtr_90e.py',
    '../_base_/default_runtime.py'
]
model = dict(language_encoder=_base_.word_encoder)
train_dataloader = dict(
    batch_size=128,
    dataset=dict(sample_by='ref', pipeline=_base_.train_transforms + _base_.words))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_transforms + _base_.words))
test_dataloader = val_dataloader
val_evaluator = [dict(type='MaskIoU'), dict(type='SeqTRMaskIoU')]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='res/mIoU'))
