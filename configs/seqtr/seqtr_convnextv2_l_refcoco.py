"""SeqTR, ConvNeXtV2-L, boxes, RefCOCO. Not scored yet.

python tools/train.py configs/seqtr/seqtr_convnextv2_l_refcoco.py
"""
_base_ = './seqtr_convnextv2_refcoco.py'
model = dict(
    image_encoder=dict(
        config=dict(hidden_sizes=[192, 384, 768, 1536]),
        init_cfg=dict(name='data/pretrained/convnextv2-large-22k-384')),
    language_encoder=dict(hidden_channels=768),
    fusion=dict(map_channels=(384, 768, 1536)))
