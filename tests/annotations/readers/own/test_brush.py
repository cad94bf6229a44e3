"""The brush code of Label Studio, from values that were written by hand."""
import numpy as np
import pytest

from segvg.annotations.readers.own.brush import decode_brush


def pack(bits):
    """A string of bits as numbers of eight bits."""
    bits = bits.replace(' ', '')
    bits += '0' * (-len(bits) % 8)
    return [int(bits[i:i + 8], 2) for i in range(0, len(bits), 8)]


def head(count):
    """Number of values, values of 8 bits, lengths of 3, 4, 8 and 16 bits."""
    return f'{count:032b} 00111 0010 0011 0111 1111'


def equal(count, value):
    return f'1 10 {count - 1:08b} {value:08b}'


def each(values):
    return f'0 00 {len(values) - 1:03b} ' + ''.join(f'{value:08b}' for value in values)


def test_runs_of_both_kinds_are_read():
    # 3 x 2 pixels of four values: two empty, one of each its own, three set
    code = pack(' '.join([head(24), equal(8, 0), each([255, 255, 255, 128]),
                          equal(12, 255)]))
    assert decode_brush(code, 3, 2).tolist() == [[False, False, True],
                                                 [True, True, True]]


def test_last_channel_alone_counts_wherever_runs_end():
    # 0 0 0 9 | 7 7 7 0 | 0 0 0 1: runs of 3, 4, 5 values across pixels
    code = pack(' '.join([head(12), equal(3, 0), each([9, 7, 7, 7]),
                          each([0, 0, 0, 0, 1])]))
    assert decode_brush(code, 3, 1).tolist() == [[True, False, True]]


@pytest.mark.parametrize('seed', range(3))
def test_code_of_a_drawn_mask_gives_the_mask(seed):
    mask = np.random.default_rng(seed).random((5, 7)) < 0.4
    values = np.zeros((5, 7, 4), dtype=int)
    values[mask] = 255
    flat = values.ravel().tolist()
    parts = [each(flat[i:i + 5]) for i in range(0, len(flat), 5)]
    assert (decode_brush(pack(head(140) + ''.join(parts)), 7, 5) == mask).all()


@pytest.mark.parametrize(('code', 'words'), [
    (pack(head(24)), 'ends too early'), ([1, 2], 'ends too early'),
    (pack(head(28) + equal(28, 1)), 'a brush of 28 values'),
    (pack(head(24) + equal(25, 1)), 'more values'),
    (pack(head(24) + '0 10 00001111 1111'), 'ends too early'),
    ([256], 'numbers from 0 to 255'), (['a'], 'numbers from 0 to 255')])
def test_code_that_is_wrong_is_refused(code, words):
    with pytest.raises(ValueError, match=words):
        decode_brush(code, 3, 2)


def test_size_is_bounded():
    with pytest.raises(ValueError, match='a brush in an image of'):
        decode_brush([0], 1 << 15, 1 << 15)
