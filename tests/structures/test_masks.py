"""Polygons, run-length codes and bitmaps."""
import numpy as np
import pytest
import torch
from PIL import Image

from segvg.structures.masks import (
    decode_polygons,
    decode_resized,
    decode_segmentation,
    encode_rle,
    mask_bounds,
    mask_parts,
)


def test_polygon_by_hand():
    mask = decode_polygons([[2, 1, 5, 1, 5, 4, 2, 4]], 6, 8)
    assert mask.sum() == 9 and mask[1:4, 2:5].all()


def test_polygon_parts_are_joined_not_added():
    part = [2, 1, 5, 1, 5, 4, 2, 4]
    assert decode_polygons([part, part, [0, 0, 1, 1]], 6, 8).sum() == 9


def test_polygon_of_two_points_has_no_area():
    assert decode_polygons([[0, 0, 4, 4]], 6, 8).sum() == 0


def test_rle_round_trip_keeps_holes():
    mask = np.ones((6, 8), bool)
    mask[2:4, 3:5] = False
    code = encode_rle(mask)
    assert isinstance(code['counts'], str) and code['size'] == [6, 8]
    assert (decode_segmentation(dict(rle=code), 6, 8) == mask).all()


def test_uncompressed_rle():
    code = dict(rle=dict(size=[2, 3], counts=[2, 2, 2]))  # down the columns
    assert decode_segmentation(code, 2, 3).tolist() == [[0, 1, 0], [0, 1, 0]]


def test_mask_file(tmp_path):
    pixels = np.zeros((4, 5), np.uint8)
    pixels[1, 2] = 255
    Image.fromarray(pixels).save(tmp_path / 'mask.png')
    mask = decode_segmentation(dict(file=str(tmp_path / 'mask.png')), 4, 5)
    assert mask.sum() == 1 and mask[1, 2]


@pytest.mark.parametrize('record, message', [
    (None, 'no mask to decode'),
    (dict(outline=[]), "has 'poly', 'rle' or 'file', not \\['outline'\\]"),
    (dict(rle=dict(size=[2, 3], counts=[6])), r'2 x 3 pixels .* image of 4 x 5'),
])
def test_bad_record_is_told(record, message):
    with pytest.raises(ValueError, match=message):
        decode_segmentation(record, 4, 5)


def test_polygons_are_filled_anew_in_a_resized_image():
    triangle = dict(poly=[[0, 0, 40, 0, 0, 40]])
    large = decode_resized(triangle, (40, 40), (80, 120))
    again = decode_polygons([[0, 0, 120, 0, 0, 80]], 80, 120)
    assert (large == again).all()
    block = np.zeros((4, 4), bool)
    block[:2, :2] = True
    resized = decode_resized(dict(rle=encode_rle(block)), (4, 4), (8, 12))
    assert resized.shape == (8, 12) and resized[:4, :6].all() and resized.sum() == 24
    with pytest.raises(ValueError, match='no mask'):
        decode_resized(None, (4, 4), (8, 8))


def test_boxes_of_parts_by_hand():
    mask = np.zeros((6, 8), bool)
    mask[0:2, 4:7] = True
    mask[3:5, 0:2] = mask[5, 2] = True  # touches at a corner
    boxes, parts = mask_parts(mask)
    assert boxes.tolist() == [[4, 0, 7, 2], [0, 3, 3, 6]]
    first, second = parts
    assert (first | second == mask).all() and first.sum() == 6 and second.sum() == 5
    assert mask_parts(mask, min_pixels=6)[0].tolist() == [[4, 0, 7, 2]]
    boxes, parts = mask_parts(np.zeros((6, 8), bool))
    assert boxes.shape == (0, 4) and list(parts) == []


def test_bounds_of_masks():
    masks = torch.zeros(3, 5, 7, dtype=torch.bool)
    masks[1, 1:3, 2:6] = True
    masks[2, 4, 0] = masks[2, 0, 6] = True
    assert mask_bounds(masks).tolist() == [[0] * 4, [2, 1, 6, 3], [0, 0, 7, 5]]
    assert mask_bounds(masks[1]).dtype == torch.float32
    assert mask_bounds(masks[:0]).shape == (0, 4)
