"""Visual Genome regions for pre-training, scored on ReferItGame.

Made by tools/prepare_data.py; data/README.md has the command and the tree. Images of
the evaluation of RefCOCO are left out (``exclude_protected``).
"""
_base_ = './refcoco_unc.py'
train_dataloader = dict(
    dataset=dict(
        ann_file='annotations/vg_regions_all.jsonl', data_prefix=dict(img='vg/')))
val_dataloader = dict(
    dataset=dict(
        ann_file='annotations/resc_referit_val.jsonl',
        data_prefix=dict(img='referit/images/')))
test_dataloader = dict(
    dataset=dict(
        ann_file='annotations/resc_referit_test.jsonl',
        data_prefix=dict(img='referit/images/')))
