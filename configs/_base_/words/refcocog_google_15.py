"""Words of RefCOCOg (google), 15 of them: SeqTR with box and contour, as published."""
_base_ = './refcocog_google.py'
max_tokens = 15
word_encoder = dict(text_length=max_tokens)
words = [dict(_base_.words[0], max_length=max_tokens), _base_.words[1]]
