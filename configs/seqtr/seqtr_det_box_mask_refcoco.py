"""SeqTR, boxes, with the box as a mask, RefCOCO: not trained yet.

python tools/train.py configs/seqtr/seqtr_det_box_mask_refcoco.py
"""
_base_ = './seqtr_det_refcoco.py'
model = dict(head=dict(auxiliary=dict(type='BoxMaskAuxiliary', channels=256)))
