"""Grounding DINO, Swin-B, as published."""
_base_ = ['./foundation.py']
model = dict(
    type='GroundingDINO',
    name='IDEA-Research/grounding-dino-base')
