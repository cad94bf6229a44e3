"""SeqTR, boxes, tiny, with the box as a mask, SynthRef L1. Two CPU cores, minutes.

Expected: see docs/benchmarks.md, "Box as a mask".

python tools/train.py configs/seqtr/seqtr_tiny_det_box_mask_synthref_l1.py
"""
_base_ = './seqtr_tiny_det_synthref_l1.py'
model = dict(head=dict(auxiliary=dict(type='BoxMaskAuxiliary', channels=64)))
