"""HC-RefLoCo, to be scored only: long captions of people. Splits val, test.

Made by tools/prepare_data.py; data/README.md has the command and the tree. Another
split is scored by ``tools/test.py ... --split test``.
"""
_base_ = './scored_refcoco_unc.py'
test_dataloader = dict(
    dataset=dict(
        ann_file='annotations/hc_refloco_val.jsonl',
        data_prefix=dict(img='hc-refloco/images/')))
test_evaluator = [
    dict(
        type='BoxAccuracy',
        thresholds=[0.5, 0.6, 0.7, 0.75, 0.8, 0.9],
        mean_accuracy=True),
    dict(type='TopicAccuracy')
]
