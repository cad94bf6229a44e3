"""ReLA, Swin-B, gRefCOCO: masks, and boxes from the parts of them. Eight GPUs.

Boxes around connected parts of the mask are an extension: no published method does
this.

python tools/train.py configs/rela/rela_swin_b_grec_grefcoco.py
"""
_base_ = './rela_swin_b_grefcoco.py'
val_evaluator = [
    dict(type='GeneralizedMaskIoU'),
    dict(type='NetworkGeneralizedMaskIoU'),
    dict(type='MaskPartBoxF1', min_pixels=16)
]
test_evaluator = val_evaluator
