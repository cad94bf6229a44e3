"""SeqTR with DarkNet-53 and word vectors, boxes, as in its paper.

configs/seqtr/README.md has the paper and the differences. The image keeps its shape:
its long side becomes 640 and the canvas reaches to the next multiple of 32.
"""
canvas = 640  # the long side of every image

model = dict(
    type='SeqTR',
    # Pixels from 0 to 255, as the published weights expect.
    data_preprocessor=dict(
        type='GroundingDataPreprocessor', mean=(0.0, 0.0, 0.0), std=(1 / 255, ) * 3),
    image_encoder=dict(
        type='DarkNet53',
        base_channels=32,
        out_layers=(6, 8, 13),
        frozen_layers=12,
        init_cfg=dict(
            type='DarkNetWeights', checkpoint='data/pretrained/darknet.weights')),
    language_encoder=dict(
        type='WordVectorGRU',
        vocab_size=20000,
        word_channels=300,
        hidden_channels=512,
        freeze_words=True,
        text_length=15,
        init_cfg=dict(
            type='WordVectors', checkpoint='data/vocabularies/refcoco_unc.npz')),
    fusion=dict(
        type='GatedProduct',
        map_channels=(256, 512, 1024),
        channels=256,
        num_layers=6,
        heads=8,
        hidden=1024,
        dropout=0.1),
    head=dict(
        type='SequenceHead',
        parts=[dict(type='BoxPart', first_weight=1.5)],
        loss=dict(type='SequenceLoss', smoothing=0.1),
        channels=256,
        num_layers=3,
        heads=8,
        hidden=1024,
        dropout=0.1,
        num_bins=1000))

# What comes before the words; a config adds those with the vocabulary of its data.
train_transforms = [
    dict(type='LoadImageFromFile'),
    dict(type='PickExpression', mode='random'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='ClipBoxes'),
    dict(type='LargeScaleJitter', size=canvas, ratio=(0.3, 1.4), keep='box'),
    dict(type='PadToDivisor', divisor=32)
]
# Without jitter: for pre-training on many data sets and for fine-tuning after it.
plain_transforms = [
    dict(type='LoadImageFromFile'),
    dict(type='PickExpression', mode='random'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='ClipBoxes'),
    dict(type='ResizeLongEdge', size=canvas, backend='opencv'),
    dict(type='PadToDivisor', divisor=32)
]
test_transforms = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='ResizeLongEdge', size=canvas, backend='opencv'),
    dict(type='PadToDivisor', divisor=32)
]
