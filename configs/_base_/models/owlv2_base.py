"""OWLv2, ViT-B/16, as published."""
_base_ = ['./foundation.py']
model = dict(
    type='OWLv2',
    name='google/owlv2-base-patch16-ensemble')
