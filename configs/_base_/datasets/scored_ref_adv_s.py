"""Ref-Adv-s, to be scored only: sentences with hard distractors. Split test.

Made by tools/prepare_data.py; data/README.md has the command and the tree.
"""
_base_ = './scored_refcoco_unc.py'
test_dataloader = dict(
    dataset=dict(
        ann_file='annotations/ref_adv_s_test.jsonl',
        data_prefix=dict(img='ref-adv-s/images/')))
test_evaluator = dict(thresholds=[0.5, 0.6, 0.7, 0.75, 0.8, 0.9], mean_accuracy=True)
