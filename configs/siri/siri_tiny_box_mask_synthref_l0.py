"""SiRi, tiny, with the box as a mask, SynthRef L0. Two CPU cores, minutes.

It learns no annotated masks: they would hide what boxes alone give.
Expected: see docs/benchmarks.md, "Box as a mask".

python tools/train.py configs/siri/siri_tiny_box_mask_synthref_l0.py
"""
_base_ = './siri_tiny_boxes_synthref_l0.py'
model = dict(head=dict(auxiliary=dict(type='BoxMaskAuxiliary', channels=64)))
