"""RefCOCO(+/g), ReferItGame, Flickr30k and Visual Genome regions together.

Scored on the val splits of the five that have one, each of which counts the same in
``rec_mean``. Images of any val or test split of those are left out of training
(exclude_protected). A config gives one pipeline for all data sets of a loader.
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
                sample_by='ref'),
            dict(
                type='GroundingDataset',
                data_root='data/',
                ann_file='annotations/resc_referit_train.jsonl',
                data_prefix=dict(img='referit/images/'),
                sample_by='expression'),
            dict(
                type='GroundingDataset',
                data_root='data/',
                ann_file='annotations/resc_flickr_train.jsonl',
                data_prefix=dict(img='flickr30k/images/'),
                sample_by='expression'),
            dict(
                type='GroundingDataset',
                data_root='data/',
                ann_file='annotations/vg_regions_all.jsonl',
                data_prefix=dict(img='vg/'),
                sample_by='expression')
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
                test_mode=True),
            dict(
                type='GroundingDataset',
                data_root='data/',
                ann_file='annotations/resc_referit_val.jsonl',
                data_prefix=dict(img='referit/images/'),
                sample_by='image',
                test_mode=True),
            dict(
                type='GroundingDataset',
                data_root='data/',
                ann_file='annotations/resc_flickr_val.jsonl',
                data_prefix=dict(img='flickr30k/images/'),
                sample_by='image',
                test_mode=True)
        ]))
val_evaluator = [dict(type='BoxAccuracy'), dict(type='MeanBoxAccuracy')]
