"""SeqTR, DarkNet-53, boxes, RefCOCOg (umd). One GPU.

Expected: see configs/seqtr/README.md.

python tools/train.py configs/seqtr/seqtr_det_refcocog_umd.py
"""
_base_ = [
    '../_base_/models/seqtr_darknet53.py', '../_base_/datasets/refcocog_umd.py',
    '../_base_/words/refcocog_umd.py', '../_base_/schedules/seqtr_60e.py',
    '../_base_/default_runtime.py'
]
model = dict(language_encoder=_base_.word_encoder)
train_dataloader = dict(
    batch_size=128,
    dataset=dict(sample_by='ref', pipeline=_base_.train_transforms + _base_.words))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_transforms + _base_.words))
test_dataloader = val_dataloader
