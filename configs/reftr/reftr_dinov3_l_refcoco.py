"""RefTR, DINOv3 ViT-L/16, boxes, RefCOCO. Not scored yet.

python tools/train.py configs/reftr/reftr_dinov3_l_refcoco.py
"""
_base_ = './reftr_dinov3_b_refcoco.py'
model = dict(
    image_encoder=dict(
        backbone=dict(
            config=dict(
                hidden_size=1024,
                num_hidden_layers=24,
                num_attention_heads=16,
                intermediate_size=4096),
            init_cfg=dict(name='data/pretrained/dinov3-vitl16-pretrain-lvd1689m')),
        in_channels=1024))
