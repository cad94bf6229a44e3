"""PhraseCut. Splits train, miniv (in training), val, test.

Made by tools/prepare_data.py; data/README.md has the command and the tree. Another
split is scored by ``tools/test.py ... --split val``.
"""
_base_ = './refcoco_unc.py'
train_dataloader = dict(
    dataset=dict(
        ann_file='annotations/phrasecut_train.jsonl', data_prefix=dict(img='vg/')))
val_dataloader = dict(
    dataset=dict(
        ann_file='annotations/phrasecut_miniv.jsonl', data_prefix=dict(img='vg/')))
test_dataloader = dict(
    dataset=dict(
        ann_file='annotations/phrasecut_test.jsonl', data_prefix=dict(img='vg/')))
val_evaluator = dict(type='PhraseCutIoU')
test_evaluator = val_evaluator
