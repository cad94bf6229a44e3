from collections import Counter

import pytest

from segvg.datasets.synthref.levels import LEVELS, get_level


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
