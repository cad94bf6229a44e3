"""SAM 3, as published; SynthRef L0. One GPU. Not scored yet.

python tools/test.py configs/foundation/sam3_synthref_l0.py \\
    facebook/sam3
"""
_base_ = [
    '../_base_/models/sam3.py', '../_base_/datasets/scored_synthref_l0.py',
    '../_base_/schedules/scored_only.py', '../_base_/default_runtime.py'
]
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
