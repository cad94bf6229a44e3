"""RefTR with DINOv3 ViT-B/16 and ModernBERT-base for boxes.

The vector of a phrase is the state of its first token.
"""
_base_ = './reftr_dinov3_b.py'
max_tokens = 40
vocab = 'data/pretrained/ModernBERT-base'
model = dict(
    language_encoder=dict(
        _delete_=True,
        type='HuggingFaceTextEncoder',
        config=dict(model_type='modernbert'),
        pooling='first',
        init_cfg=dict(type='HuggingFacePretrained', name=vocab)))

words = [
    dict(
        type='TokenizeExpression',
        max_length=max_tokens,
        tokenizer=dict(type='HuggingFaceTokenizer', vocab=vocab)),
    dict(type='PackGroundingInputs')
]
train_pipeline = _base_.train_transforms + words
test_pipeline = _base_.test_transforms + words
