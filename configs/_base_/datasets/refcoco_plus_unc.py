"""RefCOCO+, partition of UNC. Splits train, val, testA, testB.

Made by tools/prepare_data.py; data/README.md has the command and the tree. Another
split is scored by ``tools/test.py ... --split testA``.
"""
_base_ = './refcoco_unc.py'
train_dataloader = dict(
    dataset=dict(ann_file='annotations/refcoco_plus_unc_train.jsonl'))
val_dataloader = dict(
    dataset=dict(ann_file='annotations/refcoco_plus_unc_val.jsonl'))
test_dataloader = val_dataloader
