"""Ref-ZOM: many targets, one or none. Splits train and test.

Made by tools/prepare_data.py; data/README.md has the command and the tree. No val split is
distributed: what is scored in training is the test split, so nothing may be chosen by it.
A no-target threshold comes from the val split of another set, gRefCOCO's say. Published
scores: ``oIoU with targets``, ``mIoU with targets``, ``N-acc`` (there called accuracy).
"""
_base_ = './refcoco_unc.py'
train_dataloader = dict(
    dataset=dict(
        ann_file='annotations/refzom_final_train.jsonl',
        data_prefix=dict(img='coco/trainval2014/')))
val_dataloader = dict(
    dataset=dict(
        ann_file='annotations/refzom_final_test.jsonl',
        data_prefix=dict(img='coco/trainval2014/')))
test_dataloader = dict(
    dataset=dict(
        ann_file='annotations/refzom_final_test.jsonl',
        data_prefix=dict(img='coco/trainval2014/')))
val_evaluator = dict(type='GeneralizedMaskIoU')
test_evaluator = val_evaluator
