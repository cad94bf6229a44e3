"""MM-Grounding-DINO, Swin-T, as published; RefDrone. One GPU. Not scored yet.

python tools/test.py configs/foundation/mm_grounding_dino_tiny_refdrone.py \\
    openmmlab-community/mm_grounding_dino_tiny_o365v1_goldg_v3det
"""
_base_ = [
    '../_base_/models/mm_grounding_dino_tiny.py', '../_base_/datasets/scored_refdrone.py',
    '../_base_/schedules/scored_only.py', '../_base_/default_runtime.py'
]
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
# The model never says "none": tools/analysis_tools/choose_threshold.py finds the
# threshold on val.
test_evaluator = dict(type='RefDroneF1', score_threshold=0.35)
