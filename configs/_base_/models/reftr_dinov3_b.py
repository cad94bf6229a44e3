"""RefTR with DINOv3 ViT-B/16 and BERT for boxes.

The canvas reaches to the next multiple of a patch. The joint encoder starts at random.
"""
_base_ = './reftr_r50.py'
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
        norm_padding=False),
    init_cfg=None)

train_transforms = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='BrightnessJitter', strength=0.5),
    dict(type='ResizeLongEdge', size=_base_.canvas),
    dict(type='PadToDivisor', divisor=16)
]
test_transforms = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='ResizeLongEdge', size=_base_.canvas),
    dict(type='PadToDivisor', divisor=16)
]
train_pipeline = train_transforms + _base_.words
test_pipeline = test_transforms + _base_.words
