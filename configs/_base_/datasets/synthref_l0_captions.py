"""SynthRef L0, captions with two or three phrases: splits train, val, testA, testB.

Made by tools/make_synthref.py --level L0 --seed 0 --out data/synthref_l0 --captions.
Another split is scored by ``tools/test.py ... --split testA``.
"""
_base_ = './synthref_l0.py'
train_dataloader = dict(
    dataset=dict(
        ann_file='canonical/synthref_L0_captions_train.jsonl', sample_by='caption'))
val_dataloader = dict(
    dataset=dict(
        ann_file='canonical/synthref_L0_captions_val.jsonl', sample_by='caption'))
test_dataloader = val_dataloader
# A head with one box a phrase has R@1 only; one that ranks boxes also R@5 and R@10.
val_evaluator = dict(type='PhraseRecall', topk=[1], protocol='any_box', by_type=True)
test_evaluator = val_evaluator
