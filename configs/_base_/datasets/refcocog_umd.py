"""RefCOCOg, partition of UMD. Splits train, val, test.

Made by tools/prepare_data.py; data/README.md has the command and the tree. Another
split is scored by ``tools/test.py ... --split test``.
"""
_base_ = './refcoco_unc.py'
train_dataloader = dict(
    dataset=dict(ann_file='annotations/refcocog_umd_train.jsonl'))
val_dataloader = dict(
    dataset=dict(ann_file='annotations/refcocog_umd_val.jsonl'))
test_dataloader = val_dataloader
