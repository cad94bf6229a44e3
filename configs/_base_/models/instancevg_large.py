"""InstanceVG on BEiT-3 large, one query: an expression has exactly one target.

As in its paper; configs/instancevg/README.md has it and the differences. No layer is
skipped in training, as published.

data/pretrained/beit3.spm: the vocabulary; data/pretrained/beit3_large_patch16_224.pth:
initial weights, through tools/convert_checkpoint.py beit3.
"""
_base_ = './instancevg_base_single.py'
model = dict(
    encoder=dict(
        channels=1024,
        num_layers=24,
        heads=16,
        hidden=4096,
        drop_path=0.0,
        init_cfg=dict(checkpoint='data/pretrained/beit3_large_patch16_224.pth')),
    neck=dict(in_channels=1024))
