"""TransVG, DINOv3 ViT-S/16, RefCOCO. Eight GPUs. Not scored yet.

python tools/train.py configs/transvg/transvg_dinov3_s_refcoco.py
"""
_base_ = './transvg_dinov3_b_refcoco.py'
model = dict(
    image_encoder=dict(
        backbone=dict(
            config=dict(
                hidden_size=384, num_attention_heads=6, intermediate_size=1536),
            init_cfg=dict(name='data/pretrained/dinov3-vits16-pretrain-lvd1689m')),
        in_channels=384))
