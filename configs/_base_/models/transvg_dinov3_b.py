"""TransVG with DINOv3 ViT-B/16 and BERT on a canvas of 640 x 640, 1600 image tokens.

DINOv3 relates the patches itself, so no encoder layers follow it.
"""
_base_ = './transvg_r50.py'
model = dict(
    image_encoder=dict(
        backbone=dict(
            _delete_=True,
            type='HuggingFaceBackbone',
            config=dict(
                model_type='dinov3_vit',
                hidden_size=768,
                num_hidden_layers=12,
                num_attention_heads=12,
                intermediate_size=3072,
                num_register_tokens=4),
            gradient_checkpointing=True,
            init_cfg=dict(
                type='HuggingFacePretrained',
                name='data/pretrained/dinov3-vitb16-pretrain-lvd1689m')),
        in_channels=768,
        num_layers=0,
        init_cfg=None),
    fusion=dict(num_image_tokens=(_base_.canvas // 16)**2))
