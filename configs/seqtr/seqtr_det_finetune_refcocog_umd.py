"""SeqTR, DarkNet-53, boxes, RefCOCOg (umd), after seqtr_det_mixed.py. One GPU.

After it: python tools/train.py configs/seqtr/seqtr_det_finetune_refcocog_umd.py
With it: python tools/train_stages.py configs/seqtr/seqtr_det_finetune_refcocog_umd.py
"""
_base_ = [
    '../_base_/models/seqtr_darknet53.py', '../_base_/datasets/refcocog_umd.py',
    '../_base_/words/refcocog_umd.py', '../_base_/schedules/seqtr_finetune_5e.py',
    '../_base_/default_runtime.py'
]
earlier_stages = ['configs/seqtr/seqtr_det_mixed.py']
load_from = 'work_dirs/seqtr_det_mixed/epoch_15.pth'
model = dict(language_encoder=_base_.word_encoder)
# No jitter in fine-tuning: the image is only resized.
train_dataloader = dict(
    batch_size=128,
    dataset=dict(sample_by='ref', pipeline=_base_.plain_transforms + _base_.words))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_transforms + _base_.words))
test_dataloader = val_dataloader
