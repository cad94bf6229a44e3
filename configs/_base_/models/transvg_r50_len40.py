"""TransVG with ResNet-50 for up to 40 tokens, as published for RefCOCOg."""
_base_ = './transvg_r50.py'
max_tokens = 40
model = dict(fusion=dict(max_text_tokens=max_tokens))

words = [
    dict(
        type='TokenizeExpression',
        max_length=max_tokens,
        tokenizer=dict(type='WordPieceTokenizer', vocab=_base_.vocab)),
    dict(type='PackGroundingInputs')
]
train_pipeline = _base_.train_transforms + words
test_pipeline = _base_.test_transforms + words
