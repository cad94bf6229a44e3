"""A few items of many."""
from segvg.utils.spread import spread


def test_items_are_spread_over_the_whole():
    assert spread(range(10), 3) == [0, 3, 6]
    assert spread(range(2), 3) == [0, 1]
    assert spread([], 3) == []
