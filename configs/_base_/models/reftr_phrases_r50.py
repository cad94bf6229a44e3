"""RefTR with ResNet-50 for captions with phrases, all found in one pass."""
_base_ = './reftr_r50.py'

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='BrightnessJitter', strength=0.5),
    dict(type='ResizeLongEdge', size=640),
    dict(
        type='TokenizePhrases',
        max_length=90,
        tokenizer=dict(
            type='WordPieceTokenizer', vocab='data/pretrained/bert-base-uncased')),
    dict(type='PackGroundingInputs')
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='ResizeLongEdge', size=640),
    dict(
        type='TokenizePhrases',
        max_length=90,
        tokenizer=dict(
            type='WordPieceTokenizer', vocab='data/pretrained/bert-base-uncased')),
    dict(type='PackGroundingInputs')
]
