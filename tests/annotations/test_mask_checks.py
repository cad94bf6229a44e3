"""Masks of sources become canonical ones."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segvg.annotations.mask_checks import check_mask
from segvg.structures.masks import decode_segmentation, encode_rle

SQUARE = [1, 1, 3, 1, 3, 3, 1, 3]


@given(st.integers(1, 12), st.integers(1, 12), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_run_lengths_of_both_kinds_give_the_same_mask(height, width, random):
    mask = np.array([[random.random() < 0.5 for _ in range(width)]
                     for _ in range(height)])
    flat = mask.T.ravel()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flat]).astype(int)))
    runs = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    for source in (encode_rle(mask), {'size': [height, width], 'counts': runs},
                   [encode_rle(mask)]):
        checked = check_mask(source, height, width, decode=True)
        if mask.any():
            assert checked.area == mask.sum() and checked.findings == ()
            assert (decode_segmentation(checked.segm, height, width) == mask).all()
        else:
            assert [found.code for found in checked.findings] == ['mask_empty']


def test_parts_are_joined_and_overlap_counts_once():
    checked = check_mask([SQUARE, [2, 2, 5, 2, 5, 5, 2, 5]], 6, 6, decode=True)
    assert checked.area == 4 + 9 - 1 and checked.bounds == (1, 1, 5, 5)


def test_bare_polygon_is_one_part():
    assert check_mask(SQUARE, 6, 6, decode=False).segm == {'poly': [SQUARE]}


@pytest.mark.parametrize(('source', 'codes'), [
    (None, ['mask_missing']), ([], ['mask_missing']), ({}, ['mask_missing']),
    ([[]], ['mask_bad_polygon']), ([[1, 1, 4, 4]], ['mask_bad_polygon']),
    ([[1, 2], [3, 4]], ['mask_bad_polygon'] * 2),
    ([SQUARE, [1, 2, 3]], ['mask_bad_polygon']),
    ([SQUARE, [float('nan')] * 6], ['mask_bad_polygon']),
    ([SQUARE, 'x'], ['mask_bad_polygon']), ('x', ['bad_type']), (7, ['bad_type']),
    ({'size': [6, 5], 'counts': [30]}, ['mask_size_mismatch']),
    ({'size': [6, 6], 'counts': [35]}, ['mask_size_mismatch']),
    ({'size': [6, 6], 'counts': 'zzz'}, ['mask_size_mismatch']),
    ({'size': [6, 6], 'counts': [-1, 37]}, ['bad_type']),
    ({'size': [6, 6], 'counts': ['36']}, ['bad_type']), ({'size': 6}, ['bad_type'])])
def test_mask_that_is_of_no_use_is_named(source, codes):
    checked = check_mask(source, 6, 6, decode=True)
    assert checked.segm is None and checked.area is None
    assert [found.code for found in checked.findings] == codes


def test_pixels_are_looked_at_only_when_asked():
    outside = [[7, 7, 9, 7, 9, 9]]
    assert check_mask(outside, 6, 6, decode=False).segm == {'poly': outside}
    assert check_mask(outside, 6, 6, decode=True).segm is None


@pytest.mark.parametrize('source', [
    [[1, 1, 1e300, 1, 3, 3]], [[1, 1, 10**400, 1, 3, 3]],
    {'size': [6, 6], 'counts': chr(48 + 36 + 512)}])
def test_mask_that_would_crash_its_decoder_is_not_decoded(source):
    assert check_mask(source, 6, 6, decode=True).segm is None
