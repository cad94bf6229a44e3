"""R-RefCOCOg: true and false sentences about the objects of RefCOCOg.

Made by tools/prepare_data.py; data/README.md has the command and the tree. Another
split is scored by ``tools/test.py ... --split test``.
"""
_base_ = './rrefcoco.py'
train_dataloader = dict(
    dataset=dict(ann_file='annotations/rrefcocog_umd_train.jsonl'))
val_dataloader = dict(
    dataset=dict(ann_file='annotations/rrefcocog_umd_val.jsonl'))
test_dataloader = val_dataloader
