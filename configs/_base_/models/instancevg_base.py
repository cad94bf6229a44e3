"""InstanceVG on BEiT-3 base, ten queries, for many targets or none.

As in its paper; configs/instancevg/README.md has it and the differences.

data/pretrained/beit3.spm: the vocabulary; data/pretrained/beit3_base_patch16_224.pth:
initial weights, through tools/convert_checkpoint.py beit3.
"""
canvas = 320  # every image is resized to a square of this side
max_tokens = 50
vocab = 'data/pretrained/beit3.spm'

model = dict(
    type='InstanceVG',
    data_preprocessor=dict(type='GroundingDataPreprocessor', text_pad_id=1),
    encoder=dict(
        type='BEiT3',
        channels=768,
        num_layers=12,
        heads=12,
        hidden=3072,
        image_size=canvas,
        patch_size=16,
        vocab_size=64010,
        text_positions=1024,
        drop_path=0.1,
        init_cfg=dict(
            type='BEiT3Pretrained',
            checkpoint='data/pretrained/beit3_base_patch16_224.pth')),
    neck=dict(type='MaskPyramid', in_channels=768, channels=256),
    head=dict(
        type='InstanceHead',
        channels=256,
        num_queries=10,
        num_layers=3,
        heads=8,
        hidden=1024,
        loss_instance=dict(
            type='InstanceLoss',
            matcher=dict(
                type='PointMatcher',
                class_cost=1.0,
                l1_cost=5.0,
                giou_cost=2.0,
                point_cost=2.0),
            class_weight=1.0,
            l1_weight=5.0,
            giou_weight=2.0,
            detection_weight=0.1,
            no_object_weight=0.1,
            unmatched_weight=0.2,
            attention_weight=0.1,
            existence_weight=0.2,
            existence_class_weights=(0.9, 1.1))))

words = [
    dict(
        type='TokenizeExpression',
        max_length=max_tokens,
        tokenizer=dict(type='SentencePieceTokenizer', vocab=vocab)),
    dict(type='PackGroundingInputs')
]
# Published: neither flip nor crop nor colours; the sides of the image are not kept.
train_transforms = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations', with_mask=True, clip='last_pixel'),
    dict(type='PickExpression', mode='random'),
    dict(type='ResizeExact', size=canvas, backend='opencv', mask_filter='floor')
]
test_transforms = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadGroundingAnnotations'),
    dict(type='ResizeExact', size=canvas, backend='opencv')
]
train_pipeline = train_transforms + words
test_pipeline = test_transforms + words
