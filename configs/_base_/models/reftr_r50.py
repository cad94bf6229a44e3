"""RefTR with ResNet-50 and BERT for boxes, as in its paper (configs/reftr/README.md).

The long side is 640, the batch is padded to the largest image; padding is masked.
"""
canvas = 640  # the long side of every image
max_tokens = 40
vocab = 'data/pretrained/bert-base-uncased'
# How a data set of this family is read, as published.
reading = dict(box_profile='truncate_xywh')

model = dict(
    type='RefTR',
    data_preprocessor=dict(type='GroundingDataPreprocessor'),
    image_encoder=dict(
        type='NormedEncoder',
        backbone=dict(
            type='ResNet',
            depth=50,
            out_indices=(3, ),
            frozen_stages=1,
            norm_cfg=dict(type='BN', requires_grad=False),
            norm_eval=True,
            style='pytorch'),
        in_channels=2048,
        channels=256,
        groups=32,
        norm_padding=True,
        num_layers=0),
    language_encoder=dict(
        type='PooledTransformer',
        model_type='bert',
        init_cfg=dict(
            type='HuggingFacePretrained', name=vocab)),
    fusion=dict(
        type='TypedJointEncoder',
        text_channels=768,
        channels=256,
        num_layers=6,
        max_text_tokens=max(128, max_tokens),
        heads=8,
        hidden=2048,
        dropout=0.1),
    phrase_queries=dict(
        type='PhraseQueries',
        phrase_channels=768,
        channels=256,
        queries_per_phrase=1,
        dropout=0.1),
    head=dict(
        type='PhraseHead',
        channels=256,
        num_layers=6,
        queries_per_phrase=1,
        heads=8,
        hidden=2048,
        dropout=0.1,
        normalize_by='captions',
        loss_box=dict(type='BoxLoss', l1_weight=1.0, giou_weight=1.0)),
    # The joint encoder starts from DETR's, which has read images only.
    init_cfg=dict(
        type='PartsPretrained',
        checkpoint='data/pretrained/detr_r50_unc.pth',
        parts={
            'image_encoder.backbone': 'backbone.',
            'fusion.layers': 'layers.'
        }))

words = [
    dict(
        type='TokenizeExpression',
        max_length=max_tokens,
        tokenizer=dict(type='WordPieceTokenizer', vocab=vocab)),
    dict(type='PackGroundingInputs')
]
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='BrightnessJitter', strength=0.5),
    dict(type='ResizeLongEdge', size=canvas)
] + words
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='ResizeLongEdge', size=canvas)
] + words
