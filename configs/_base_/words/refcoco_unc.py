"""Words of RefCOCO: for models that read whole words.

Vocabulary and word vectors are made by tools/build_vocab.py.
"""
max_tokens = 15
vocab = 'data/vocabularies/refcoco_unc.txt'
# What differs in the language encoder.
word_encoder = dict(
    text_length=max_tokens,
    init_cfg=dict(checkpoint='data/vocabularies/refcoco_unc.npz'))
words = [
    dict(
        type='TokenizeExpression',
        max_length=max_tokens,
        tokenizer=dict(type='WordTokenizer', vocab=vocab)),
    dict(type='PackGroundingInputs')
]
