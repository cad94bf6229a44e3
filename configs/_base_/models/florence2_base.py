"""Florence-2, base, as published."""
_base_ = ['./foundation.py']
model = dict(
    type='Florence2',
    name='florence-community/Florence-2-base')
