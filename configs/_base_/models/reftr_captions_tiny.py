"""The tiny RefTR for captions with phrases, all found in one pass."""
_base_ = './reftr_masks_tiny.py'
max_tokens = 60
words = [
    dict(
        type='TokenizePhrases',
        max_length=max_tokens,
        tokenizer=dict(type='WordPieceTokenizer', vocab=_base_.vocab)),
    dict(type='PackGroundingInputs')
]
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations', with_mask=True),
    dict(type='ResizeLongEdge', size=_base_.canvas)
] + words
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='ResizeLongEdge', size=_base_.canvas)
] + words
