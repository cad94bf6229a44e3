"""ReLA as in its paper: the regions read the words after the last layer."""
_base_ = './rela_swin_b.py'
model = dict(head=dict(decoder=dict(type='LateWordDecoder')))
