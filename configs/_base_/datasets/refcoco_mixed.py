"""RefCOCO, RefCOCO+ and RefCOCOg (umd) together, an object with its sentences a sample.

Scored on their three val splits, each of which counts the same in ``rec_mean``. Images
of any val or test split of the three are left out of training (exclude_protected).
"""
_base_ = './refcoco_unc.py'
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='JoinedDataset',
        datasets=[
            dict(
                type='GroundingDataset',
                data_root='data/',
                ann_file='annotations/refcoco_unc_train.jsonl',
                data_prefix=dict(img='coco/train2014/'),
                sample_by='ref'),
            dict(
                type='GroundingDataset',
                data_root='data/',
                ann_file='annotations/refcoco_plus_unc_train.jsonl',
                data_prefix=dict(img='coco/train2014/'),
                sample_by='ref'),
            dict(
                type='GroundingDataset',
                data_root='data/',
                ann_file='annotations/refcocog_umd_train.jsonl',
                data_prefix=dict(img='coco/train2014/'),
                sample_by='ref')
        ]))
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='JoinedDataset',
        datasets=[
            dict(
                type='GroundingDataset',
                data_root='data/',
                ann_file='annotations/refcoco_unc_val.jsonl',
                data_prefix=dict(img='coco/train2014/'),
                sample_by='image',
                test_mode=True),
            dict(
                type='GroundingDataset',
                data_root='data/',
                ann_file='annotations/refcoco_plus_unc_val.jsonl',
                data_prefix=dict(img='coco/train2014/'),
                sample_by='image',
                test_mode=True),
            dict(
                type='GroundingDataset',
                data_root='data/',
                ann_file='annotations/refcocog_umd_val.jsonl',
                data_prefix=dict(img='coco/train2014/'),
                sample_by='image',
                test_mode=True)
        ]))
val_evaluator = [dict(type='BoxAccuracy'), dict(type='MeanBoxAccuracy')]
