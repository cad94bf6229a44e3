"""What tells that two records are of one image."""
from pathlib import Path

import numpy as np
import pytest

from segvg.annotations.image_identity import (
    dataset_of,
    image_identity,
    image_number,
    join_dataset,
)


@pytest.mark.parametrize(('image', 'identity'), [
    (dict(id='coco:7', file='a.jpg'), 'coco:7'),
    (dict(id='vg:3', file='3.jpg', coco_id=7), 'coco:7'),
    (dict(id='vg:3', file='3.jpg', coco_id=None), 'vg:3'),
    (dict(id='saiapr:3', file='3.jpg'), 'saiapr:3'),
    (dict(id='file:dock/3.jpg', file='dock/3.jpg'), 'mine/dock/3.jpg'),
    (dict(id='camera:3', file='dock/3.jpg'), 'mine/dock/3.jpg')])
def test_number_counts_only_in_a_collection(image, identity):
    assert image_identity(image, 'mine') == identity


def test_numbers_are_equal_where_identities_are():
    images = [dict(id='coco:7', file='a'), dict(id='vg:3', file='b'),
              dict(id='file:1.jpg', file='1.jpg'), dict(id='x:1', file='1.jpg')]
    numbers = np.array([image_number(image) for image in images])
    mine, other = (join_dataset(numbers, name) for name in ('mine', 'other'))
    assert mine[0] == other[0] == 7 and mine[1] == other[1] < 0
    assert mine[2] == mine[3] < 0 and mine[2] != other[2]


@pytest.mark.parametrize(('file', 'split', 'name'), [
    ('mine_val.jsonl', 'val', 'mine'), ('val.jsonl', 'val', ''),
    ('a_b_testA.jsonl', 'testA', 'a_b')])
def test_data_set_is_named_by_its_file(file, split, name):
    assert dataset_of(Path('folder') / file, split) == name
