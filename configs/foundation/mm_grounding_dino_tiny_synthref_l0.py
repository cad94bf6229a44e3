"""MM-Grounding-DINO, Swin-T, as published; SynthRef L0. One GPU. Not scored yet.

python tools/test.py configs/foundation/mm_grounding_dino_tiny_synthref_l0.py \\
    openmmlab-community/mm_grounding_dino_tiny_o365v1_goldg_v3det
"""
_base_ = [
    '../_base_/models/mm_grounding_dino_tiny.py', '../_base_/datasets/scored_synthref_l0.py',
    '../_base_/schedules/scored_only.py', '../_base_/default_runtime.py'
]
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
