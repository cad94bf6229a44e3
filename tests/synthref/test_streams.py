import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from segvg.synthref.streams import STAGES, Stream


def test_stream_gives_numbers_that_never_change():
    stream = Stream(0, 0, 0, 0, 'attributes')
    numbers = [stream.random() for _ in range(3)]
    assert numbers == [0.6943079365244793, 0.24691274483092418, 0.698740262983718]


def test_threads_that_draw_at_once_get_the_numbers_of_their_streams():
    def draw(index):
        stream = Stream(0, 0, 0, index, 'noise')
        return [stream.grid(1, 40).tolist() for _ in range(100)]

    alone, interval = list(map(draw, range(8))), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(draw, range(8))) == alone
    finally:
        sys.setswitchinterval(interval)


def test_stream_differs_in_every_part_of_its_place():
    places = [(0, 0, 0, 0, 'layout', 0), (1, 0, 0, 0, 'layout', 0),
              (0, 1, 0, 0, 'layout', 0), (0, 0, 1, 0, 'layout', 0),
              (0, 0, 0, 1, 'layout', 0), (0, 0, 0, 0, 'text', 0),
              (0, 0, 0, 0, 'layout', 1)]
    assert len({Stream(*place).random() for place in places}) == len(places)


def test_stream_draws_whole_numbers_evenly_with_both_ends():
    stream = Stream(1, 0, 0, 0, 'text')
    drawn = np.bincount([stream.integer(2, 4) for _ in range(3000)])
    assert drawn[:2].sum() == 0
    assert drawn[2:] == pytest.approx([1000] * 3, abs=100)


def test_stream_follows_weights():
    stream = Stream(2, 0, 0, 0, 'text')
    drawn = [stream.weighted([('a', 3.0), ('b', 1.0), ('c', 0.0)])
             for _ in range(4000)]
    assert drawn.count('a') == pytest.approx(3000, abs=120)
    assert 'c' not in drawn


def test_stream_orders_hold_every_item_once():
    stream = Stream(3, 0, 0, 0, 'text')
    assert sorted(stream.shuffled('abcde')) == list('abcde')
    order = stream.weighted_order([('a', 1.0), ('b', 2.0), ('c', 5.0)])
    assert sorted(order) == ['a', 'b', 'c']


def test_bell_numbers_have_their_mean_and_deviation():
    drawn = Stream(4, 0, 0, 0, 'noise').bell(200, 200)
    assert drawn.dtype == np.int64
    assert drawn.mean() == pytest.approx(0, abs=20)
    assert drawn.std() == pytest.approx(1024, rel=0.02)


def test_stages_keep_their_numbers():
    assert STAGES == ('attributes', 'layout', 'texture', 'noise', 'text', 'captions')
