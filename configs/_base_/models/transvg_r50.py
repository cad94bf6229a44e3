"""TransVG with ResNet-50 on a canvas of 640 x 640, as published (segvg.md, section 11)."""
model = dict(
    type='TwoTowerGrounder',
    data_preprocessor=dict(type='GroundingDataPreprocessor'),
    image_encoder=dict(
        type='DETREncoder',
        backbone=dict(
            type='mmdet.ResNet',
            depth=50,
            out_indices=(3, ),
            frozen_stages=1,
            norm_cfg=dict(type='BN', requires_grad=False),
            norm_eval=True,
            style='pytorch'),
        in_channels=2048,
        channels=256,
        num_layers=6,
        heads=8,
        hidden=2048,
        dropout=0.1,
        attention_dropout=0.1,
        mask_image_padding=True,
        init_cfg=dict(
            type='StrictPretrained', checkpoint='data/pretrained/detr_r50_unc.pth')),
    language_encoder=dict(
        type='LanguageTransformer',
        model_type='bert',
        init_cfg=dict(
            type='HuggingFacePretrained', name='data/pretrained/bert-base-uncased')),
    fusion=dict(
        type='JointEncoder',
        text_channels=768,
        image_channels=256,
        channels=256,
        num_layers=6,
        max_text_tokens=20,
        num_image_tokens=400,
        num_learned_tokens=1,
        heads=8,
        hidden=2048,
        dropout=0.1,
        attention_dropout=0.1),
    head=dict(
        type='BoxHead',
        channels=256,
        loss_box=dict(type='BoxLoss', l1_weight=1.0, giou_weight=1.0)))
