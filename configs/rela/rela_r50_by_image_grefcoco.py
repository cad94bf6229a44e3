"""ReLA, ResNet-50, gRefCOCO, images with all their sentences, one GPU.

Docs: docs/training.md, "Images with all their sentences".

python tools/train.py configs/rela/rela_r50_by_image_grefcoco.py
"""
_base_ = './rela_r50_grefcoco.py'
# 4 images have about 48 sentences, the published batch: the rate stays.
train_dataloader = dict(batch_size=4, dataset=dict(sample_by='image'))
auto_scale_lr = dict(base_batch_size=4)
