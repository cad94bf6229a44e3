"""FineCops-Ref, to be scored only: true expressions and false ones. Split test.

Made by tools/prepare_data.py; data/README.md has the command and the tree.
"""
_base_ = './scored_refcoco_unc.py'
test_dataloader = dict(
    dataset=dict(
        ann_file='annotations/finecops_ref_test.jsonl',
        data_prefix=dict(img='finecops-ref/images/')))
test_evaluator = dict(type='PairedNegatives')
