"""TransVG, DINOv3 ViT-L/16, RefCOCO. Eight GPUs. Not scored yet.

python tools/train.py configs/transvg/transvg_dinov3_l_refcoco.py
"""
_base_ = './transvg_dinov3_b_refcoco.py'
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
