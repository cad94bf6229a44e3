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
        assert max(counts.values()) == 1


def test_sizes_of_the_document():
    assert LEVELS['L0'].canvas == (64, 64)
    assert LEVELS['L0'].images == (2000, 500, 500, 500)
    assert LEVELS['L0'].images[0] * LEVELS['L0'].sentences == 6000
    assert LEVELS['L1'].canvas == (96, 96)
    assert LEVELS['L1'].images == (10000, 1000, 1000, 1000)


@pytest.mark.parametrize('name', ['L2', 'L5', 'L9', ''])
def test_level_that_does_not_exist_names_those_that_do(name):
    with pytest.raises(ValueError, match=f"'{name}' does not exist yet.*L0, L1"):
        get_level(name)
