import hashlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from segvg.synthref.images import Job, describe_image, make_image
from segvg.synthref.levels import LEVELS
from segvg.synthref.render import render, visible_masks
from tests.synthref.conftest import DRAWN, SEED
from tests.synthref.test_segmentation import rasterise

pytestmark = pytest.mark.slow


def test_image_file_and_masks_are_those_of_the_scene(tmp_path):
    path = tmp_path / 'synth.jpg'
    record = make_image(Job(LEVELS['L1'], 'val', 0, 3, path))
    picture, masks = render(record.scene)
    assert hashlib.sha256(picture.tobytes()).digest() == record.pixels
    with Image.open(path) as image:
        stored = np.asarray(image).astype(int)
        assert image.layers == 3 and {layer[1:3] for layer in image.layer} == {(1, 1)}
    assert np.abs(stored - picture).mean() < 4
    assert [int(mask.sum()) for mask in masks] == record.areas


def test_boxes_are_tight_and_polygons_exact(all_records):
    kinds = set()
    for _, record in all_records[::6]:
        masks = visible_masks(record.scene)
        for mask, box, form in zip(masks, record.boxes, record.segmentations):
            x1, y1, x2, y2 = box
            assert mask[y1:y2, x1:x2].sum() == mask.sum() >= 30
            assert mask[y1].any() and mask[y2 - 1].any()
            assert mask[:, x1].any() and mask[:, x2 - 1].any()
            kinds.add(type(form))
            if isinstance(form, list):
                np.testing.assert_array_equal(rasterise(form, *mask.shape), mask)
    assert kinds == {list, dict}


def test_image_is_the_same_when_made_again(records):
    """Also when another process made it first."""
    for level in LEVELS.values():
        for index in range(DRAWN[level.name]):
            job = Job(level, 'train', SEED, index, None)
            assert make_image(job) == records[level.name]['train'][index]


@pytest.mark.parametrize('level', LEVELS.values(), ids=LEVELS)
def test_description_is_the_record_without_picture(level):
    job = Job(level, 'val', SEED, 1, None)
    record = make_image(job)
    assert record.pixels
    assert describe_image(job) == replace(record, pixels=b'')


def test_splits_have_streams_of_their_own():
    train, val = (make_image(Job(LEVELS['L0'], split, 0, 7, None))
                  for split in ('train', 'val'))
    assert train.scene != val.scene


def test_first_pixels_never_change():
    """The pixels of generator version 1.0 and 1.1; a change needs a new version."""
    found = {name: make_image(Job(level, 'train', 0, 0, None)).pixels.hex()[:16]
             for name, level in LEVELS.items()}
    assert found == dict(
        L0='ef7c8e9f0824b5ab', L1='dc93b52b804afd30', L2='f26a5601716b8ab6',
        L3='339e9e1c372e0803', L4='e0a5c3c610cec1a2', L5='19f8ea4bb0a4bb4c')


def test_image_that_cannot_be_made_says_so():
    level = LEVELS['L0']
    crowded = type(level)(**{**level.__dict__, 'canvas': (16, 16)})
    with pytest.raises(RuntimeError, match='no scene for image 4 of L0 val'):
        make_image(Job(crowded, 'val', 0, 4, None))
