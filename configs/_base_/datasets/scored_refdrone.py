"""RefDrone, to be scored only: many targets, one or none. Splits train, val, test.

Made by tools/prepare_data.py; data/README.md has the command and the tree. Another
split is scored by ``tools/test.py ... --split val``.
"""
_base_ = './scored_grefcoco.py'
test_dataloader = dict(
    dataset=dict(
        ann_file='annotations/refdrone_test.jsonl',
        data_prefix=dict(img='visdrone/all_image/')))
test_evaluator = dict(type='RefDroneF1')
