"""RefCOCO, RefCOCO+, RefCOCOg, ReferItGame, Flickr30k and Visual Genome regions together.

Training data only; scored on the val split of RefCOCO. Images of any val or test split
are left out (exclude_protected).
"""
_base_ = './refcoco_unc.py'
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
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
