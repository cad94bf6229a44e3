"""SegVG, tiny, without its idea: boxes only, no masks. For comparison with the demo.

python tools/train.py configs/segvg/segvg_tiny_no_mask_synthref_l0.py
"""
_base_ = './segvg_tiny_synthref_l0.py'
model = dict(head=dict(loss_mask=None))
