"""Flickr30k Entities, captions with phrases. Splits train, val, test.

Made by tools/prepare_data.py; data/README.md has the command and the tree. Another
split is scored by ``tools/test.py ... --split val``.
"""
_base_ = './refcoco_unc.py'
train_dataloader = dict(
    dataset=dict(
        ann_file='annotations/mdetr_flickr_separateGT_train.jsonl',
        data_prefix=dict(img='flickr30k/images/'),
        sample_by='caption'))
val_dataloader = dict(
    dataset=dict(
        ann_file='annotations/mdetr_flickr_separateGT_val.jsonl',
        data_prefix=dict(img='flickr30k/images/'),
        sample_by='caption'))
test_dataloader = dict(
    dataset=dict(
        ann_file='annotations/mdetr_flickr_separateGT_test.jsonl',
        data_prefix=dict(img='flickr30k/images/'),
        sample_by='caption'))
# Recall by both protocols: any box of a phrase, and the box around all of them.
val_evaluator = [
    dict(type='PhraseRecall', protocol='any_box', by_type=True),
    dict(type='PhraseRecall', protocol='merged_box')
]
test_evaluator = val_evaluator
