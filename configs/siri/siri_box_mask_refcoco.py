"""SiRi, with the box as a mask, RefCOCO: not trained yet.

python tools/train.py configs/siri/siri_box_mask_refcoco.py
"""
_base_ = './siri_refcoco.py'
model = dict(head=dict(auxiliary=dict(type='BoxMaskAuxiliary', channels=256)))
