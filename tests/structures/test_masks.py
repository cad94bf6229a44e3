"""Polygons, run-length codes and bitmaps."""
import numpy as np
import pytest
import torch
from PIL import Image

from segvg.structures.masks import (
    decode_polygons,
    decode_resized,
    decode_rle,
    decode_segmentation,
    encode_rle,
    mask_bounds,
    mask_parts,
    run_lengths,
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


def test_run_lengths_are_those_of_pycocotools():
    from pycocotools import mask as coco_mask
    random = np.random.RandomState(0)
    for _ in range(50):
        height, width = random.randint(1, 60, 2)
        mask = random.rand(height, width) < random.rand()
        code = encode_rle(mask)
        runs = run_lengths(code['counts']).tolist()
        assert (decode_rle(code) == mask).all()
        assert (decode_rle(dict(code, counts=runs)) == mask).all()
        again = coco_mask.frPyObjects(dict(code, counts=runs), height, width)
        assert again['counts'].decode() == code['counts']


@pytest.mark.parametrize('counts', [
    [13], [-1, 13], [12, 1 << 70], [1.5, 10.5], ['a'], [[12]], [True] * 12, [], '',
    'o' * 10_000, '\x00', '\xff', 'é', '3' * 99])
def test_runs_that_are_not_those_of_a_mask_are_refused(counts):
    with pytest.raises(ValueError, match='run'):
        decode_rle(dict(size=[3, 4], counts=counts))


def test_size_field_that_lies_takes_no_memory():
    for size in ([10**6, 10**6], [1 << 40, 1 << 40]):
        with pytest.raises(ValueError, match='run lengths that are not those'):
            decode_rle(dict(size=size, counts=[size[0] * size[1]]))


def test_picture_of_another_size_is_not_unpacked(tmp_path, monkeypatch):
    Image.new('1', (9000, 9000)).save(tmp_path / 'a.png')
    monkeypatch.setattr(Image.Image, 'convert', None)
    with pytest.raises(ValueError, match='a mask of 9000 x 9000 pixels'):
        decode_segmentation(dict(file=str(tmp_path / 'a.png')), 3, 4)


@pytest.mark.parametrize('kind', ['0 and 1', '0 and 255', 'numbers', 'palette', '1 bit',
                                  '16 bit', 'alpha', 'color'])
def test_what_is_not_0_in_a_picture_is_the_object(tmp_path, kind):
    mask = np.zeros((6, 8), dtype=np.uint8)
    mask[1:4, 2:7] = 1
    palette = Image.fromarray(mask, 'P')
    palette.putpalette([0, 0, 0, 0, 0, 64])
    alpha = np.stack([mask * 255] * 3 + [mask * 255], -1)
    alpha[0, 0] = (9, 9, 9, 0)  # seen through
    picture = {'0 and 1': Image.fromarray(mask),
               '0 and 255': Image.fromarray(mask * 255),
               'numbers': Image.fromarray(mask * 7), 'palette': palette,
               '1 bit': Image.fromarray(mask * 255).convert('1', dither=0),
               '16 bit': Image.fromarray(mask.astype(np.uint16) * 300),
               'alpha': Image.fromarray(alpha, 'RGBA'),
               'color': Image.fromarray(np.stack([mask * 0, mask * 0, mask], -1))}[kind]
    picture.save(tmp_path / 'mask.png')
    found = decode_segmentation(dict(file=str(tmp_path / 'mask.png')), 6, 8)
    assert (found == mask.astype(bool)).all()


@pytest.mark.parametrize('part', [
    [0, 0, 1e9, 0, 5, 5], [0, 0, float('nan'), 0, 5, 5], [0, 0, 5, 0, 5, 5, 1],
    [[0, 0], [5, 0], [5, 5], [0, 1], [0, 2], [0, 3]]])
def test_polygon_that_was_never_checked_is_an_error(part):
    with pytest.raises(ValueError, match='a polygon is a list'):
        decode_polygons([part], 6, 8)


def test_masks_that_would_fill_the_memory_are_refused():
    with pytest.raises(ValueError, match='a mask of 20,000 x 30,000 pixels'):
        decode_segmentation({'poly': [[0, 0, 9, 0, 9, 9]]}, 20_000, 30_000)
