"""SiRi, tiny, that learns boxes and no masks, SynthRef L0. Two CPU cores, minutes.

Expected: see docs/benchmarks.md, "Box as a mask".

python tools/train.py configs/siri/siri_tiny_boxes_synthref_l0.py
"""
_base_ = './siri_tiny_synthref_l0.py'
model = dict(head=dict(mask_branch=None, loss_mask=None))
val_evaluator = [dict(type='BoxAccuracy')]
test_evaluator = val_evaluator
