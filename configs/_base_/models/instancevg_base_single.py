"""InstanceVG on BEiT-3 base, one query: an expression has exactly one target."""
_base_ = './instancevg_base.py'
max_tokens = 20
model = dict(head=dict(num_queries=1, loss_instance=dict(unmatched_weight=0.0)))

words = [
    dict(
        type='TokenizeExpression',
        max_length=max_tokens,
        tokenizer=dict(type='SentencePieceTokenizer', vocab=_base_.vocab)),
    dict(type='PackGroundingInputs')
]
train_pipeline = _base_.train_transforms + words
test_pipeline = _base_.test_transforms + words
