"""SeqTR, DarkNet-53, boxes, pre-training on all data sets. Eight GPUs. No published row.

python tools/train.py configs/seqtr/seqtr_det_mixed.py
"""
_base_ = [
    '../_base_/models/seqtr_darknet53.py', '../_base_/datasets/mixed_pretraining.py',
    '../_base_/schedules/seqtr_pretrain_15e.py', '../_base_/default_runtime.py'
]
model = dict(
    language_encoder=dict(
        vocab_size=150000,
        text_length=40,
        init_cfg=dict(checkpoint='data/vocabularies/mixed.npz')))
words = [
    dict(
        type='TokenizeExpression',
        max_length=40,
        tokenizer=dict(type='WordTokenizer', vocab='data/vocabularies/mixed.txt')),
    dict(type='PackGroundingInputs')
]
# No jitter in pre-training: the image is only resized.
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='PickExpression', mode='random'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='ClipBoxes'),
    dict(type='ResizeLongEdge', size=640, backend='opencv'),
    dict(type='PadToDivisor', divisor=32)
] + words
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_transforms + words))
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(save_best='rec_mean/acc@0.5'))
