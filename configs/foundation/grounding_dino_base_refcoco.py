"""Grounding DINO, Swin-B, as published; RefCOCO. One GPU. Not scored yet.

python tools/test.py configs/foundation/grounding_dino_base_refcoco.py \\
    IDEA-Research/grounding-dino-base
"""
_base_ = [
    '../_base_/models/grounding_dino_base.py', '../_base_/datasets/scored_refcoco_unc.py',
    '../_base_/schedules/scored_only.py', '../_base_/default_runtime.py'
]
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
