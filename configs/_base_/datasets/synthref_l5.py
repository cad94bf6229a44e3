"""SynthRef L5, generated: splits train, val, testA, testB.

Made by tools/make_synthref.py --level L5 --seed 0 --out data/synthref_l5. Another split
is scored by ``tools/test.py ... --split testA``. Sentences with several targets or none
are left out here: for those, only_single_target=False and a metric of generalized
grounding.
"""
_base_ = './synthref_l0.py'
train_dataloader = dict(
    dataset=dict(
        data_root='data/synthref_l5/',
        ann_file='canonical/synthref_L5_train.jsonl',
        only_single_target=True))
val_dataloader = dict(
    dataset=dict(
        data_root='data/synthref_l5/',
        ann_file='canonical/synthref_L5_val.jsonl',
        only_single_target=True))
test_dataloader = val_dataloader
