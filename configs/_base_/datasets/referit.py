"""ReferItGame from the ReSC index files. Splits train, val, test.

Made by tools/prepare_data.py; data/README.md has the command and the tree. Another
split is scored by ``tools/test.py ... --split val``.
"""
_base_ = './refcoco_unc.py'
train_dataloader = dict(
    dataset=dict(
        ann_file='annotations/resc_referit_train.jsonl',
        data_prefix=dict(img='referit/images/')))
val_dataloader = dict(
    dataset=dict(
        ann_file='annotations/resc_referit_val.jsonl',
        data_prefix=dict(img='referit/images/')))
test_dataloader = dict(
    dataset=dict(
        ann_file='annotations/resc_referit_test.jsonl',
        data_prefix=dict(img='referit/images/')))
