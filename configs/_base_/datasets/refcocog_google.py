"""RefCOCOg, partition of Google. Splits train, val ("val-g").

Made by tools/prepare_data.py; data/README.md has the command and the tree. Another
split is scored by ``tools/test.py ... --split val``.
"""
_base_ = './refcoco_unc.py'
train_dataloader = dict(
    dataset=dict(ann_file='annotations/refcocog_google_train.jsonl'))
val_dataloader = dict(
    dataset=dict(ann_file='annotations/refcocog_google_val.jsonl'))
test_dataloader = val_dataloader
