"""SegVG with ResNet-101 on a canvas of 640 x 640, as published (segvg.md, sections 2-5)."""
model = dict(
    type='SegVG',
    data_preprocessor=dict(type='GroundingDataPreprocessor'),
    image_encoder=dict(
        type='DETREncoder',
        backbone=dict(
            type='mmdet.ResNet',
            depth=101,
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
        mask_image_padding=False,
        init_cfg=dict(
            type='StrictPretrained', checkpoint='data/pretrained/detr_r101_unc.pth')),
    language_encoder=dict(
        type='LanguageTransformer',
        model_type='bert',
        init_cfg=dict(
            type='HuggingFacePretrained', name='data/pretrained/bert-base-uncased')),
    alignment=dict(
        type='TripleAlignment',
        num_layers=6,
        channels=256,
        text_channels=768,
        heads=8,
        dropout=0.1),
    fusion=dict(
        type='JointEncoder',
        text_channels=768,
        image_channels=256,
        channels=256,
        num_layers=6,
        max_text_tokens=40,
        num_image_tokens=400,
        heads=8,
        hidden=2048,
        dropout=0.1,
        pre_norm=True),
    head=dict(
        type='SegVGHead',
        channels=256,
        num_layers=6,
        heads=8,
        hidden=2048,
        dropout=0.1,
        loss_box=dict(type='BoxLoss', l1_weight=5.0, giou_weight=2.0),
        loss_mask=dict(
            type='FocalDiceLoss', focal_weight=1.0, dice_weight=1.0, alpha=0.25,
            gamma=2.0),
        factor_gamma=2.0,
        confidence_threshold=0.35),
    num_queries=6,
    channels=256)
