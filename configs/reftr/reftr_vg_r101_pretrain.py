"""RefTR, ResNet-101, pre-training on regions of Visual Genome.

Expected: see configs/reftr/README.md.

python tools/train.py configs/reftr/reftr_vg_r101_pretrain.py
"""
_base_ = [
    '../_base_/models/reftr_r50.py', '../_base_/datasets/vg_regions.py',
    '../_base_/schedules/reftr_vg_15e.py', '../_base_/default_runtime.py'
]
model = dict(
    image_encoder=dict(backbone=dict(depth=101)),
    init_cfg=dict(checkpoint='data/pretrained/detr_r101_unc.pth'))
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
