"""SeqTR, DarkNet-53, boxes, pre-training on all data sets.

Eight GPUs. No published row.

python tools/train.py configs/seqtr/seqtr_det_mixed.py
"""
_base_ = [
    '../_base_/models/seqtr_darknet53.py', '../_base_/datasets/mixed_pretraining.py',
    '../_base_/words/mixed.py', '../_base_/schedules/seqtr_pretrain_15e.py',
    '../_base_/default_runtime.py'
]
model = dict(language_encoder=_base_.word_encoder)
# No jitter in pre-training: the image is only resized.
train_dataloader = dict(
    batch_size=16, dataset=dict(pipeline=_base_.plain_transforms + _base_.words))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_transforms + _base_.words))
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(save_best='rec_mean/acc@0.5'))
