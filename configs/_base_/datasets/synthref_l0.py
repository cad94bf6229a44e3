"""SynthRef L0, generated: splits train, val, testA, testB.

Made by tools/make_synthref.py --level L0 --seed 0 --out data/synthref_l0. Another split
is scored by ``tools/test.py ... --split testA``.
"""
_base_ = './refcoco_unc.py'
train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(
        lazy=False,  # kept in memory: it is small
        data_root='data/synthref_l0/',
        ann_file='canonical/synthref_L0_train.jsonl',
        data_prefix=dict(img='images/')))
val_dataloader = dict(
    batch_size=32,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(
        data_root='data/synthref_l0/',
        ann_file='canonical/synthref_L0_val.jsonl',
        data_prefix=dict(img='images/')))
test_dataloader = val_dataloader
