"""RefCOCO, partition of UNC. Splits train, val, testA, testB.

Made by tools/prepare_data.py; data/README.md has the command and the tree. Another
split is scored by ``tools/test.py ... --split testA``.
"""
train_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    drop_last=True,
    dataset=dict(
        type='GroundingDataset',
        data_root='data/',
        ann_file='annotations/refcoco_unc_train.jsonl',
        data_prefix=dict(img='coco/train2014/'),
        sample_by='expression'))
# A sample is an image with all its expressions: what does not see the text runs once.
val_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    drop_last=False,
    dataset=dict(
        type='GroundingDataset',
        data_root='data/',
        ann_file='annotations/refcoco_unc_val.jsonl',
        data_prefix=dict(img='coco/train2014/'),
        sample_by='image',
        test_mode=True))
test_dataloader = val_dataloader
val_evaluator = dict(type='BoxAccuracy')
test_evaluator = val_evaluator
