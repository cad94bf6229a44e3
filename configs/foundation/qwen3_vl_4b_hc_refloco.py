"""Qwen3-VL, 4B, as published; HC-RefLoCo. One GPU. Not scored yet.

python tools/test.py configs/foundation/qwen3_vl_4b_hc_refloco.py \\
    Qwen/Qwen3-VL-4B-Instruct
"""
_base_ = [
    '../_base_/models/qwen3_vl_4b.py', '../_base_/datasets/scored_hc_refloco.py',
    '../_base_/schedules/scored_only.py', '../_base_/default_runtime.py'
]
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
