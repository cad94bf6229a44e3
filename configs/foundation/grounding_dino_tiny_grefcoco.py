"""Grounding DINO, Swin-T, as published; gRefCOCO. One GPU. Not scored yet.

python tools/test.py configs/foundation/grounding_dino_tiny_grefcoco.py \\
    IDEA-Research/grounding-dino-tiny
"""
_base_ = [
    '../_base_/models/grounding_dino_tiny.py', '../_base_/datasets/scored_grefcoco.py',
    '../_base_/schedules/scored_only.py', '../_base_/default_runtime.py'
]
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
# The model never says "none": tools/analysis_tools/choose_threshold.py finds the
# threshold on val.
test_evaluator = dict(type='GeneralizedBoxF1', score_threshold=0.35)
