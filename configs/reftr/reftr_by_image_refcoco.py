"""RefTR, ResNet-50, boxes, RefCOCO, images with all their sentences, one GPU.

Docs: docs/training.md, "Images with all their sentences".

python tools/train.py configs/reftr/reftr_by_image_refcoco.py
"""
_base_ = './reftr_refcoco.py'
# 5 images have about 35 sentences, the published batch has 32: the rate stays.
train_dataloader = dict(batch_size=5, dataset=dict(sample_by='image'))
auto_scale_lr = dict(base_batch_size=5)
