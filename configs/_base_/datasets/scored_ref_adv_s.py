"""Ref-Adv-s, to be scored only: sentences with hard distractors. Split test.

Made by tools/prepare_data.py; data/README.md has the command and the tree.
"""
_base_ = './scored_refcoco_unc.py'
test_dataloader = dict(
    dataset=dict(
        ann_file='annotations/ref_adv_s_test.jsonl',
        data_prefix=dict(img='ref-adv-s/images/')))
