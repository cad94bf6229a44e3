"""MM-Grounding-DINO, Swin-T, as published."""
_base_ = ['./foundation.py']
model = dict(
    type='MMGroundingDINO',
    name='openmmlab-community/mm_grounding_dino_tiny_o365v1_goldg_v3det')
