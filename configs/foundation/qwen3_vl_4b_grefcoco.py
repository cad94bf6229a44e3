"""Qwen3-VL, 4B, as published; gRefCOCO. One GPU. Not scored yet.

python tools/test.py configs/foundation/qwen3_vl_4b_grefcoco.py \\
    Qwen/Qwen3-VL-4B-Instruct
"""
_base_ = [
    '../_base_/models/qwen3_vl_4b.py', '../_base_/datasets/scored_grefcoco.py',
    '../_base_/schedules/scored_only.py', '../_base_/default_runtime.py'
]
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
# Words have no scores: every box counts, and [] is the answer "none".
test_evaluator = dict(type='GeneralizedBoxF1', score_threshold=0.5)
