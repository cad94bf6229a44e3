import numpy as np
import pytest

from segvg.annotations.exporters.brush import encode_brush
from segvg.annotations.readers.own.brush import decode_brush
from tests.annotations.readers.own.test_brush import equal, head, pack


def test_code_of_two_pixels_by_hand():
    # 8 values: a run of four times 0 (3 bits of length), one of four times 255
    expected = pack(head(8) + '1 00 011 00000000' + '1 00 011 11111111')
    assert encode_brush(np.array([[False, True]])) == expected


def test_run_takes_the_shortest_length_that_holds_it():
    # 16 values fit 4 bits, 240 fit 8
    mask = np.arange(64).reshape(8, 8) < 4
    assert encode_brush(mask) == pack(
        head(256) + '1 01 1111 11111111' + equal(240, 0))


@pytest.mark.parametrize('shape', [(1, 1), (5, 7), (40, 33), (300, 200)])
def test_decoded_it_is_the_mask(shape):
    random = np.random.default_rng(0)
    for share in (0.3, 0.0, 1.0):
        mask = random.random(shape) < share
        assert (decode_brush(encode_brush(mask), shape[1], shape[0]) == mask).all()
