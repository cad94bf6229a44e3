"""SynthRef L3, generated: splits train, val, testA, testB.

Made by tools/make_synthref.py --level L3 --seed 0 --out data/synthref_l3. Another split
is scored by ``tools/test.py ... --split testA``. Sentences with several targets or none
are left out here: for those, only_single_target=False and a metric of generalized
grounding.
"""
_base_ = './synthref_l0.py'
train_dataloader = dict(
    dataset=dict(
        data_root='data/synthref_l3/',
        ann_file='canonical/synthref_L3_train.jsonl',
        only_single_target=True))
val_dataloader = dict(
    dataset=dict(
        data_root='data/synthref_l3/',
        ann_file='canonical/synthref_L3_val.jsonl',
        only_single_target=True))
test_dataloader = val_dataloader
