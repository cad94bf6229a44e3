from collections import Counter

import pytest
from mmengine.config import Config

from segvg.annotations.sources import prepare_command
from segvg.synthref.levels import LEVELS, get_level
from tests.toy import ROOT


@pytest.mark.parametrize('level', LEVELS.values(), ids=LEVELS)
def test_held_out_pairs_spread_over_shapes_and_colours(level):
    held = level.held_out()
    total = len(level.shapes) * len(level.colours)
    assert len(held) == len(set(held)) == int(0.15 * total + 0.5)
    for place, names in ((0, level.shapes), (1, level.colours)):
        counts = Counter(pair[place] for pair in held)
        assert set(counts) <= set(names)
        assert max(counts.values()) <= (2 if level.compound else 1)


def test_sizes_of_the_document():
    assert LEVELS['L0'].canvas == (64, 64)
    assert LEVELS['L0'].images == (2000, 500, 500, 500)
    assert LEVELS['L0'].images[0] * LEVELS['L0'].sentences == 6000
    assert LEVELS['L1'].canvas == (96, 96)
    assert LEVELS['L1'].images == (10000, 1000, 1000, 1000)


def test_levels_above_are_those_of_the_document():
    assert [level.canvas for level in LEVELS.values()][2:] == [
        (128, 128), (192, 192), (256, 256), (320, 240)]
    assert LEVELS['L5'].alternatives == ((320, 240), (480, 320))
    assert [level.usual.objects for level in LEVELS.values()][2:] == [
        (4, 6), (5, 8), (6, 10), (8, 14)]
    assert [(len(level.shapes), len(level.colours)) for level in LEVELS.values()][2:
            ] == [(7, 8), (10, 10), (10, 10), (10, 10)]
    assert [(level.none_share, level.multi_share) for level in LEVELS.values()] == [
        (0, 0), (0.1, 0.1), (0.15, 0.25), (0.2, 0.3), (0.25, 0.35), (0.25, 0.35)]
    assert LEVELS['L4'].images == (20000, 2000, 2000, 2000)
    assert LEVELS['L4'].sentences == 6


def test_one_size_and_fill_in_ten_is_held_out():
    assert not LEVELS['L2'].held_out_fills()
    assert LEVELS['L3'].held_out_fills() == (('small', 'striped'),)


@pytest.mark.parametrize('name', ['L6', 'L9', ''])
def test_level_that_does_not_exist_names_those_that_do(name):
    with pytest.raises(ValueError, match=f"'{name}' does not exist.*L0, L1.*L5"):
        get_level(name)


def test_image_ids_of_two_levels_never_meet():
    for level in LEVELS.values():
        last = level.first_image_id + sum(level.images) - 1
        assert {other.name for other in LEVELS.values() if level.first_image_id
                <= other.first_image_id <= last} == {level.name}
    assert LEVELS['L0'].first_image_id == 1


@pytest.mark.parametrize('name', LEVELS)
def test_config_of_a_level_names_its_files_and_command(name):
    path = ROOT / f'configs/_base_/datasets/synthref_{name.lower()}.py'
    folder = f'data/synthref_{name.lower()}'
    cfg = Config.fromfile(path)
    command = prepare_command(f'{folder}/canonical/synthref_{name}_val.jsonl')
    assert command.removeprefix('python ') in path.read_text()
    for loader, split in (('train', 'train'), ('val', 'val'), ('test', 'val')):
        dataset = cfg[f'{loader}_dataloader'].dataset
        assert dataset.data_root == f'{folder}/'
        assert dataset.ann_file == f'canonical/synthref_{name}_{split}.jsonl'
        # the metric and most methods know one target only
        assert dataset.get('only_single_target', False) == (name != 'L0')
