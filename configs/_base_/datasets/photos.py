"""Photographs with sentences made from their annotated objects: splits train and val.

Made by tools/make_expressions.py data/photos/instances.json --name photos --split train
--val-share 0.3 --out data/photos/annotations; the file may be any in COCO's form.
Sentences about two objects or none are left out.
"""
_base_ = './refcoco_unc.py'
train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(
        data_root='data/photos/',
        ann_file='annotations/photos_train.jsonl',
        data_prefix=dict(img='images/'),
        sample_by='image',
        only_single_target=True))
val_dataloader = dict(
    batch_size=16,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(
        data_root='data/photos/',
        ann_file='annotations/photos_val.jsonl',
        data_prefix=dict(img='images/'),
        only_single_target=True))
test_dataloader = val_dataloader
