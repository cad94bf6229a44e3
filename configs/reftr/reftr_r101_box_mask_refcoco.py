"""RefTR, boxes, with the box as a mask, RefCOCO: not trained yet.

python tools/train.py configs/reftr/reftr_r101_box_mask_refcoco.py
"""
_base_ = './reftr_r101_refcoco.py'
model = dict(head=dict(auxiliary=dict(type='BoxMaskAuxiliary', channels=256)))
