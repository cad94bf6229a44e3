"""SeqTR, DarkNet-53, boxes, RefCOCO, images with all their sentences, one GPU.

Docs: docs/training.md, "Images with all their sentences".

python tools/train.py configs/seqtr/seqtr_det_by_image_refcoco.py
"""
_base_ = './seqtr_det_refcoco.py'
# 18 images have about 128 sentences, the published batch: the rate stays.
train_dataloader = dict(batch_size=18, dataset=dict(sample_by='image'))
auto_scale_lr = dict(base_batch_size=18)
# An epoch has all sentences, not one of each object: 21 epochs have as many as 60.
param_scheduler = [
    dict(type='LinearLR', start_factor=1 / 6, by_epoch=True, begin=0, end=2),
    dict(type='MultiStepLR', by_epoch=True, milestones=[17], gamma=0.1)
]
train_cfg = dict(max_epochs=21)
