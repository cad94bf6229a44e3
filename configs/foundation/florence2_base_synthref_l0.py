"""Florence-2, base, as published; SynthRef L0. One GPU. Not scored yet.

python tools/test.py configs/foundation/florence2_base_synthref_l0.py \\
    florence-community/Florence-2-base
"""
_base_ = [
    '../_base_/models/florence2_base.py', '../_base_/datasets/scored_synthref_l0.py',
    '../_base_/schedules/scored_only.py', '../_base_/default_runtime.py'
]
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
