"""D-cube, to be scored only: descriptions of what is there, and is not. Split test.

Made by tools/prepare_data.py; data/README.md has the command and the tree.
"""
_base_ = './scored_refcoco_unc.py'
test_dataloader = dict(
    dataset=dict(
        ann_file='annotations/d_cube_test.jsonl',
        data_prefix=dict(img='d-cube/d3_images/')))
test_evaluator = dict(type='DescriptionAP')
