"""Flickr30k Entities, captions with phrases, one box a phrase, from RefTR's lists.

Splits train, val, test. Made by tools/prepare_data.py; data/README.md has the command
and the tree. Another split is scored by ``tools/test.py ... --split val``.
"""
_base_ = './refcoco_unc.py'
train_dataloader = dict(
    dataset=dict(
        ann_file='annotations/reftr_flickr_train.jsonl',
        data_prefix=dict(img='flickr30k/images/'),
        sample_by='caption'))
val_dataloader = dict(
    dataset=dict(
        ann_file='annotations/reftr_flickr_val.jsonl',
        data_prefix=dict(img='flickr30k/images/'),
        sample_by='caption'))
test_dataloader = dict(
    dataset=dict(
        ann_file='annotations/reftr_flickr_test.jsonl',
        data_prefix=dict(img='flickr30k/images/'),
        sample_by='caption'))
# One box is predicted for each phrase, so only the first rank means something.
val_evaluator = dict(type='PhraseRecall', topk=[1], protocol='any_box', by_type=True)
test_evaluator = val_evaluator
