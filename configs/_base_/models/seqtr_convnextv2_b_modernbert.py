"""SeqTR with ConvNeXtV2-B and ModernBERT-base, boxes.

The sentence is the mean of its tokens, projected to the width of the image map.
"""
_base_ = './seqtr_convnextv2_b.py'
max_tokens = 20
vocab = 'data/pretrained/ModernBERT-base'
model = dict(
    language_encoder=dict(
        _delete_=True,
        type='SentenceEncoder',
        channels=1024,
        encoder=dict(
            type='HuggingFaceTextEncoder',
            config=dict(model_type='modernbert'),
            pooling='mean',
            init_cfg=dict(type='HuggingFacePretrained', name=vocab))))

words = [
    dict(
        type='TokenizeExpression',
        max_length=max_tokens,
        tokenizer=dict(type='HuggingFaceTokenizer', vocab=vocab)),
    dict(type='PackGroundingInputs')
]
