"""ReLA with Swin-T, window 7.

data/pretrained/swin_tiny_224.pth: ImageNet-1k weights, through
tools/convert_checkpoint.py swin.
"""
_base_ = './rela_swin_b.py'
model = dict(
    image_encoder=dict(
        channels=96,
        depths=(2, 2, 6, 2),
        heads=(3, 6, 12, 24),
        window=7,
        init_cfg=dict(checkpoint='data/pretrained/swin_tiny_224.pth')),
    pixel_decoder=dict(in_channels=(96, 192, 384, 768)))
