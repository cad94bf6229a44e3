"""RefTR with ResNet-50 for captions with phrases, all found in one pass."""
_base_ = './reftr_r50.py'
max_tokens = 90

words = [
    dict(
        type='TokenizePhrases',
        max_length=max_tokens,
        tokenizer=dict(type='WordPieceTokenizer', vocab=_base_.vocab)),
    dict(type='PackGroundingInputs')
]
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='BrightnessJitter', strength=0.5),
    dict(type='ResizeLongEdge', size=_base_.canvas)
] + words
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='ResizeLongEdge', size=_base_.canvas)
] + words
