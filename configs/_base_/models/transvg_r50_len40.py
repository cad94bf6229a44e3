"""TransVG with ResNet-50 for expressions of up to 40 tokens, as published for RefCOCOg."""
_base_ = './transvg_r50.py'
model = dict(fusion=dict(max_text_tokens=40))

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    # A crop may cut away what a word of place refers to.
    dict(
        type='RandomApplyUnlessWords',
        prob=0.5,
        words=['left', 'right', 'top', 'bottom', 'middle'],
        transforms=[
            dict(type='Resize', short=[400, 500, 600]),
            dict(type='RandomSizeCrop', min_size=384, max_size=600, min_iou=0.5)
        ]),
    dict(type='Resize', long=[640, 608, 576, 544, 512, 480, 448]),
    dict(
        type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, prob=0.8),
    dict(type='RandomFlip', prob=0.5, swap='substring'),
    dict(type='PlaceOnCanvas', size=640, mode='random'),
    dict(
        type='TokenizeExpression',
        max_length=40,
        tokenizer=dict(
            type='WordPieceTokenizer', vocab='data/pretrained/bert-base-uncased')),
    dict(type='PackGroundingInputs')
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='Resize', long=640),
    dict(type='PlaceOnCanvas', size=640, mode='center'),
    dict(
        type='TokenizeExpression',
        max_length=40,
        tokenizer=dict(
            type='WordPieceTokenizer', vocab='data/pretrained/bert-base-uncased')),
    dict(type='PackGroundingInputs')
]
