"""TransVG with DINOv3 ViT-B/16 and ModernBERT-base on a canvas of 640 x 640."""
_base_ = './transvg_dinov3_b.py'
max_tokens = 20
vocab = 'data/pretrained/ModernBERT-base'
model = dict(
    language_encoder=dict(
        _delete_=True,
        type='HuggingFaceTextEncoder',
        config=dict(model_type='modernbert'),
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
