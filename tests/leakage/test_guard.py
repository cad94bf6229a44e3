"""Images of the evaluation stay out of training, and every score says what was seen."""
import json

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from segvg.checkpoints.io import load_checkpoint
from segvg.engine.launch import build_runner
from segvg.leakage.guard import evaluation_files, guard_training_data, record_training
from segvg.leakage.provenance import record_path
from segvg.registry import DATASETS
from tests.leakage.planted import coco_image, write_canonical
from tests.toy import ROOT, make_data, toy_config

SEGVG = ROOT / 'configs/segvg/segvg_refcoco.py'


@pytest.fixture
def cfg(tmp_path):
    """Training on images 0 to 9, of which 7, 8 and 9 are evaluated in other sets."""
    splits = dict(joint=('train', range(10)), unc=('val', [7, 8, 90]))
    paths = {name: write_canonical(tmp_path, name, split, list(map(coco_image, images)))
             for name, (split, images) in splits.items()}
    write_canonical(tmp_path, 'unc', 'testA', [coco_image(9)], ('a cat',))

    def loader(name):
        return dict(dataset=dict(type='GroundingDataset', ann_file=str(paths[name])))

    return Config(dict(train_dataloader=loader('joint'), val_dataloader=loader('unc'),
                       model=dict(type='x')))


def test_all_evaluation_splits_of_a_data_set_are_protected(cfg):
    names = [path.name for path in evaluation_files(cfg)]
    assert names == ['unc_testA.jsonl', 'unc_val.jsonl']


def test_protected_images_leave_training_and_are_counted(cfg):
    guard_training_data(cfg)
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    ids = [dataset.get_data_info(i)['img_id'] for i in range(len(dataset))]
    assert ids == [f'coco:{i}' for i in range(7)] and dataset.num_excluded == 3
    record = record_training(cfg)
    assert [o['verdict'] for o in record['overlaps'].values()] == ['clean', 'clean']


def test_the_guard_can_be_switched_off(cfg):
    cfg.exclude_protected = False
    guard_training_data(cfg)
    assert len(DATASETS.build(cfg.train_dataloader.dataset)) == 10
    record = record_training(cfg)
    assert record['overlaps']['unc_val']['leaked'] == 2
    assert record['overlaps']['unc_testA']['leaked'] == 1


def test_initial_weights_without_a_record_make_it_unknown(cfg, tmp_path):
    cfg.model.init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'w.pth'))
    (parent,) = record_training(cfg)['parents']
    assert parent['record'] is None
    record_path(tmp_path / 'w.pth').write_text(json.dumps(record_training(cfg)))
    (parent,) = record_training(cfg)['parents']
    assert parent['record']['format'] == 'segvg-prov'


@pytest.mark.slow
def test_checkpoints_carry_the_record(tmp_path):
    data = make_data(tmp_path / 'data')
    cfg = toy_config(SEGVG, data, tmp_path / 'work')
    cfg.train_cfg.max_epochs = 1
    build_runner(cfg).train()
    record = load_checkpoint(str(tmp_path / 'work/epoch_1.pth'))['meta']['provenance']
    assert [part['file'] for part in record['trained_on']] == ['toy_train.jsonl']
    overlap = record['overlaps']['toy_val']
    assert (overlap['verdict'], overlap['images_unknown']) == ('clean', 0)


def own_image(name):
    return dict(id=f'file:{name}', file=name)


def own_config(train, val):
    def loader(path):
        return dict(dataset=dict(type='GroundingDataset', ann_file=str(path)))
    return Config(dict(train_dataloader=loader(train), val_dataloader=loader(val),
                       model=dict(type='x')))


def test_own_images_are_told_apart_by_their_whole_names(tmp_path):
    """One of three training images is one of val; ``1.jpg`` of a folder is not."""
    train = write_canonical(tmp_path, 'mine', 'train', list(map(
        own_image, ['dock/1.jpg', 'yard/1.jpg', 'shot_7.jpg'])))
    val = write_canonical(tmp_path, 'mine', 'val', list(map(
        own_image, ['yard/1.jpg', 'other_7.jpg'])))
    cfg = own_config(train, val)
    guard_training_data(cfg)
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    names = [dataset.get_data_info(i)['img_id'] for i in range(len(dataset))]
    assert names == ['file:dock/1.jpg', 'file:shot_7.jpg']
    overlap = record_training(cfg)['overlaps']['mine_val']
    assert (overlap['verdict'], overlap['images_seen']) == ('clean', 2)


def test_two_own_sets_share_nothing(tmp_path):
    images = [own_image(f'{i}.jpg') for i in range(3)]
    cfg = own_config(write_canonical(tmp_path, 'a', 'train', images),
                     write_canonical(tmp_path, 'b', 'val', images))
    guard_training_data(cfg)
    assert len(DATASETS.build(cfg.train_dataloader.dataset)) == 3
    assert record_training(cfg)['overlaps']['b_val']['verdict'] == 'clean'


def test_nothing_left_says_why(tmp_path):
    images = [own_image('a.jpg')]
    cfg = own_config(write_canonical(tmp_path, 'a', 'train', images),
                     write_canonical(tmp_path, 'a', 'val', images))
    guard_training_data(cfg)
    with pytest.raises(ValueError, match='nothing is left.*a_val.jsonl.*exclude_prot'):
        len(DATASETS.build(cfg.train_dataloader.dataset))


def test_further_file_beside_the_splits_changes_nothing(tmp_path):
    images = [own_image('a.jpg')]
    paths = {split: write_canonical(tmp_path, 'a', split, images)
             for split in ('train', 'val')}
    (tmp_path / 'a_debug.jsonl').write_bytes(paths['train'].read_bytes())
    (tmp_path / 'a_testX.jsonl').write_bytes(paths['train'].read_bytes())
    cfg = own_config(paths['train'], paths['val'])
    assert evaluation_files(cfg) == [paths['val']]
    (tmp_path / 'a.meta.json').unlink()
    names = [path.name for path in evaluation_files(cfg)]
    assert names == ['a_testX.jsonl', 'a_val.jsonl']


@pytest.fixture
def copied(tmp_path):
    """Training on a, b and c; of val x is b's photograph and y one of its own."""
    names = dict(train=['a.png', 'b.png', 'c.png'], val=['x.png', 'y.png'])
    for number, name in enumerate(('a.png', 'b.png', 'c.png', 'y.png')):
        pixels = np.random.default_rng(number).integers(0, 256, (9, 9, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / name)
    (tmp_path / 'x.png').write_bytes((tmp_path / 'b.png').read_bytes())
    cfg = own_config(*(write_canonical(tmp_path, f'of_{split}', split, list(map(
        own_image, names[split]))) for split in ('train', 'val')))
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.dataset.data_prefix = dict(img=str(tmp_path))
    return cfg


def test_copies_of_evaluation_images_leave_training(copied, monkeypatch):
    told = []
    monkeypatch.setattr('segvg.datasets.grounding_dataset.print_log',
                        lambda text, **_: told.append(text))
    guard_training_data(copied)
    assert copied.train_dataloader.dataset.exclude_images == ['b.png']
    dataset = DATASETS.build(copied.train_dataloader.dataset)
    ids = [dataset.get_data_info(i)['img_id'] for i in range(len(dataset))]
    assert ids == ['file:a.png', 'file:c.png'] and dataset.num_excluded == 1
    assert '1 of 3 images (33.3 %) are left out of training' in told[0]
    assert told[0].endswith('copies of images of the evaluation: b.png')
    overlap = record_training(copied)['overlaps']['of_val_val']
    assert (overlap['verdict'], overlap['images_seen']) == ('clean', 2)


def test_copies_that_are_trained_on_are_recorded(copied):
    copied.exclude_protected = False
    guard_training_data(copied)
    assert len(DATASETS.build(copied.train_dataloader.dataset)) == 3
    overlap = record_training(copied)['overlaps']['of_val_val']
    assert overlap['verdict'] == 'leaked' and overlap['images_seen'] == 3
    assert overlap['first'] == ['of_val/x.png']


def test_training_on_copies_of_all_evaluation_images_goes_on_and_is_recorded(copied,
                                                                             tmp_path):
    write_canonical(tmp_path, 'of_train', 'train', [own_image('b.png')])
    guard_training_data(copied)
    assert len(DATASETS.build(copied.train_dataloader.dataset)) == 1
    assert record_training(copied)['overlaps']['of_val_val']['leaked'] == 1
