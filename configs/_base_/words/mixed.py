"""Words of all data sets of pre-training: for models that read whole words.

Vocabulary and word vectors are made by tools/build_vocab.py.
"""
max_tokens = 40
vocab = 'data/vocabularies/mixed.txt'
# What differs in the language encoder.
word_encoder = dict(
    vocab_size=150000,
    text_length=max_tokens,
    init_cfg=dict(checkpoint='data/vocabularies/mixed.npz'))
words = [
    dict(
        type='TokenizeExpression',
        max_length=max_tokens,
        tokenizer=dict(type='WordTokenizer', vocab=vocab)),
    dict(type='PackGroundingInputs')
]
