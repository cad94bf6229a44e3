"""TransVG with both towers of SigLIP2 B/16 on a canvas of 640 x 640.

Published as a SigLIP; trained on pixels from -1 to 1 and on lower-case texts that are
padded with the id 0.
"""
_base_ = './transvg_r50.py'
max_tokens = 20
vocab = 'data/pretrained/siglip2-base-patch16-512'
model = dict(
    data_preprocessor=dict(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
    image_encoder=dict(
        backbone=dict(
            _delete_=True,
            type='HuggingFaceBackbone',
            config=dict(
                model_type='siglip_vision_model', image_size=512, patch_size=16),
            gradient_checkpointing=True,
            init_cfg=dict(type='HuggingFacePretrained', name=vocab)),
        in_channels=768,
        num_layers=0,
        init_cfg=None),
    language_encoder=dict(
        _delete_=True,
        type='HuggingFaceTextEncoder',
        config=dict(
            model_type='siglip_text_model', vocab_size=256000, projection_size=768),
        pad_id=0,
        init_cfg=dict(type='HuggingFacePretrained', name=vocab)),
    fusion=dict(num_image_tokens=(_base_.canvas // 16)**2))

words = [
    dict(
        type='TokenizeExpression',
        max_length=max_tokens,
        tokenizer=dict(type='HuggingFaceTokenizer', vocab=vocab, lower_case=True)),
    dict(type='PackGroundingInputs')
]
train_pipeline = _base_.train_transforms + words
test_pipeline = _base_.test_transforms + words
