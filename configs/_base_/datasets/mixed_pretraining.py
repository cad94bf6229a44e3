"""RefCOCO(+/g), ReferItGame, Flickr30k and Visual Genome regions together.

Scored on the val splits of the five that have one, each of which counts the same in
``rec_mean``. Images of any val or test split of those are left out of training
(exclude_protected). A config gives one pipeline for all data sets of a loader.
"""
_base_ = './refcoco_mixed.py'
train_dataloader = dict(
    dataset=dict(
        datasets=_base_.train_dataloader.dataset.datasets + [
            dict(
                type='GroundingDataset',
                data_root='data/',
                ann_file=f'annotations/{file}.jsonl',
                data_prefix=dict(img=images),
                sample_by='expression')
            for file, images in (('resc_referit_train', 'referit/images/'),
                                 ('resc_flickr_train', 'flickr30k/images/'),
                                 ('vg_regions_all', 'vg/'))
        ]))
val_dataloader = dict(
    dataset=dict(
        datasets=_base_.val_dataloader.dataset.datasets + [
            dict(
                type='GroundingDataset',
                data_root='data/',
                ann_file=f'annotations/{file}.jsonl',
                data_prefix=dict(img=images),
                sample_by='image',
                test_mode=True)
            for file, images in (('resc_referit_val', 'referit/images/'),
                                 ('resc_flickr_val', 'flickr30k/images/'))
        ]))
