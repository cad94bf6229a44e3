"""Grounding DINO, Swin-T, as published; SynthRef L0. One GPU. Not scored yet.

python tools/test.py configs/foundation/grounding_dino_tiny_synthref_l0.py \\
    IDEA-Research/grounding-dino-tiny
"""
_base_ = [
    '../_base_/models/grounding_dino_tiny.py', '../_base_/datasets/scored_synthref_l0.py',
    '../_base_/schedules/scored_only.py', '../_base_/default_runtime.py'
]
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
