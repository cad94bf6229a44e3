"""ReLA with a ResNet-50, which does not read the text: only the regions do.

data/pretrained/resnet50.pth: torchvision's first ImageNet weights, through
tools/convert_checkpoint.py resnet.
"""
_base_ = './rela_swin_b.py'
model = dict(
    image_encoder=dict(
        _delete_=True,
        type='TextFreeBackbone',
        backbone=dict(
            type='ResNet',
            depth=50,
            num_stages=4,
            out_indices=(0, 1, 2, 3),
            frozen_stages=-1,
            norm_cfg=dict(type='BN', requires_grad=False),
            norm_eval=True,
            style='pytorch',
            init_cfg=dict(
                type='StrictPretrained', checkpoint='data/pretrained/resnet50.pth'))),
    pixel_decoder=dict(in_channels=(256, 512, 1024, 2048)))
