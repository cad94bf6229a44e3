"""Grounding DINO, Swin-T, as published."""
_base_ = ['./foundation.py']
model = dict(
    type='GroundingDINO',
    name='IDEA-Research/grounding-dino-tiny')
