"""R-RefCOCO: true and false sentences about the objects of RefCOCO.

Made by tools/prepare_data.py; data/README.md has the command and the tree. Another
split is scored by ``tools/test.py ... --split testA``.
"""
_base_ = './refcoco_unc.py'
train_dataloader = dict(
    dataset=dict(ann_file='annotations/rrefcoco_unc_train.jsonl'))
val_dataloader = dict(
    dataset=dict(ann_file='annotations/rrefcoco_unc_val.jsonl'))
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='RobustMaskIoU'),
    dict(type='GeneralizedMaskIoU')
]
test_evaluator = val_evaluator
