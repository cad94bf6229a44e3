"""Qwen2.5-VL, 7B, as published; RefCOCO. One GPU. Not scored yet.

python tools/test.py configs/foundation/qwen25_vl_7b_refcoco.py \\
    Qwen/Qwen2.5-VL-7B-Instruct
"""
_base_ = [
    '../_base_/models/qwen25_vl_7b.py', '../_base_/datasets/scored_refcoco_unc.py',
    '../_base_/schedules/scored_only.py', '../_base_/default_runtime.py'
]
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
