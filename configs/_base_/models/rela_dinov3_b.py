"""ReLA with DINOv3 ViT-B/16 and a pyramid on it; only the regions read the text."""
_base_ = './rela_swin_b.py'
model = dict(
    image_encoder=dict(
        _delete_=True,
        type='TextFreeBackbone',
        backbone=dict(
            type='PyramidBackbone',
            backbone=dict(
                type='HuggingFaceBackbone',
                config=dict(
                    model_type='dinov3_vit',
                    hidden_size=768,
                    num_hidden_layers=12,
                    num_attention_heads=12,
                    intermediate_size=3072,
                    num_register_tokens=4),
                init_cfg=dict(
                    type='HuggingFacePretrained',
                    name='data/pretrained/dinov3-vitb16-pretrain-lvd1689m')),
            pyramid=dict(type='SimplePyramid', in_channels=768, channels=256))),
    pixel_decoder=dict(in_channels=(256, 256, 256, 256)))
