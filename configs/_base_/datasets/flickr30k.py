"""Flickr30k Entities, single phrases, from the ReSC index files.

Made by tools/prepare_data.py; data/README.md has the command and the tree. Another
split is scored by ``tools/test.py ... --split val``.
"""
_base_ = './refcoco_unc.py'
train_dataloader = dict(
    dataset=dict(
        ann_file='annotations/resc_flickr_train.jsonl',
        data_prefix=dict(img='flickr30k/images/')))
val_dataloader = dict(
    dataset=dict(
        ann_file='annotations/resc_flickr_val.jsonl',
        data_prefix=dict(img='flickr30k/images/')))
test_dataloader = dict(
    dataset=dict(
        ann_file='annotations/resc_flickr_test.jsonl',
        data_prefix=dict(img='flickr30k/images/')))
