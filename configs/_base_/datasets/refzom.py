"""Ref-ZOM: many targets, one or none. Splits train and test.

Made by tools/prepare_data.py; data/README.md has the command and the tree. No val split
is distributed, and nothing may be chosen by the test split: the val split of gRefCOCO
takes its place, for weights and for a no-target threshold. Published scores are ``oIoU
with targets``, ``mIoU with targets`` and ``N-acc`` (there called accuracy).
"""
_base_ = './grefcoco.py'
train_dataloader = dict(
    dataset=dict(
        ann_file='annotations/refzom_final_train.jsonl',
        data_prefix=dict(img='coco/trainval2014/')))
test_dataloader = dict(
    dataset=dict(
        ann_file='annotations/refzom_final_test.jsonl',
        data_prefix=dict(img='coco/trainval2014/')))
