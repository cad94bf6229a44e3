"""Grounding DINO, Swin-T, as published; HC-RefLoCo. One GPU. Not scored yet.

python tools/test.py configs/foundation/grounding_dino_tiny_hc_refloco.py \\
    IDEA-Research/grounding-dino-tiny
"""
_base_ = [
    '../_base_/models/grounding_dino_tiny.py', '../_base_/datasets/scored_hc_refloco.py',
    '../_base_/schedules/scored_only.py', '../_base_/default_runtime.py'
]
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
