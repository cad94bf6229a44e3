"""SynthRef L1, generated: splits train, val, testA, testB.

Made by tools/make_synthref.py --level L1 --seed 0 --out data/synthref_l1. Another split is
scored by ``tools/test.py ... --split testA``.
"""
train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    persistent_workers=False,
    sampler=dict(type='DefaultSampler', shuffle=True),
    drop_last=True,
    dataset=dict(
        type='GroundingDataset',
        data_root='data/synthref_l1/',
        ann_file='canonical/synthref_L1_train.jsonl',
        data_prefix=dict(img='images/'),
        sample_by='expression'))
# A sample is an image with all its expressions: what does not see the text runs once.
val_dataloader = dict(
    batch_size=32,
    num_workers=0,
    persistent_workers=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    drop_last=False,
    dataset=dict(
        type='GroundingDataset',
        data_root='data/synthref_l1/',
        ann_file='canonical/synthref_L1_val.jsonl',
        data_prefix=dict(img='images/'),
        sample_by='image',
        test_mode=True))
test_dataloader = dict(
    batch_size=32,
    num_workers=0,
    persistent_workers=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    drop_last=False,
    dataset=dict(
        type='GroundingDataset',
        data_root='data/synthref_l1/',
        ann_file='canonical/synthref_L1_val.jsonl',
        data_prefix=dict(img='images/'),
        sample_by='image',
        test_mode=True))
val_evaluator = dict(type='BoxAccuracy')
test_evaluator = val_evaluator
