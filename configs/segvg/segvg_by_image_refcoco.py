"""SegVG, ResNet-101, RefCOCO, images with all their sentences, one GPU.

Docs: docs/training.md, "Images with all their sentences".

python tools/train.py configs/segvg/segvg_by_image_refcoco.py
"""
_base_ = './segvg_refcoco.py'
# 9 images have about 64 sentences, the published batch: the rate stays.
train_dataloader = dict(batch_size=9, dataset=dict(sample_by='image'))
auto_scale_lr = dict(base_batch_size=9)
