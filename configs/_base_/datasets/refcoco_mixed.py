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
                ann_file=f'annotations/{name}_train.jsonl',
                data_prefix=dict(img='coco/train2014/'),
                sample_by='ref')
            for name in ('refcoco_unc', 'refcoco_plus_unc', 'refcocog_umd')
        ]))
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='JoinedDataset',
        datasets=[
            dict(
                type='GroundingDataset',
                data_root='data/',
                ann_file=f'annotations/{name}_val.jsonl',
                data_prefix=dict(img='coco/train2014/'),
                sample_by='image',
                test_mode=True)
            for name in ('refcoco_unc', 'refcoco_plus_unc', 'refcocog_umd')
        ]))
val_evaluator = [dict(type='BoxAccuracy'), dict(type='MeanBoxAccuracy')]
