"""Names of splits, data sets and images."""
from pathlib import Path, PurePosixPath

import pytest

from segvg.annotations.readers.own.names import (
    dataset_name,
    named_image,
    split_named,
    split_of_path,
)


@pytest.mark.parametrize(('word', 'split'), [
    ('train', 'train'), ('Validation', 'val'), ('testA', 'testA'), (' DEV ', 'val'),
    ('training', 'train'), ('holdout', None), ('', None)])
def test_words_name_splits(word, split):
    assert split_named(word) == split


@pytest.mark.parametrize(('path', 'split', 'name'), [
    ('shop_val.csv', 'val', 'shop'), ('instances_train2017.json', 'train', 'instances'),
    ('trains.csv', None, 'trains'), ('in/val.csv', 'val', 'in'),
    ('test/my shop.csv', 'test', 'my_shop')])
def test_paths_name_splits_and_sets(path, split, name):
    assert split_of_path(PurePosixPath(path)) == split
    assert dataset_name(Path(path)) == name


@pytest.mark.parametrize(('folder', 'name', 'whole'), [
    ('', 'a.jpg', 'a.jpg'), ('x', '../y/a.jpg', 'y/a.jpg'), ('x', 'a.jpg', 'x/a.jpg'),
    ('', '../../a.jpg', 'a.jpg'), ('', '/home/me/a.jpg', 'home/me/a.jpg'),
    ('', 'C:\\me\\a.jpg', 'me/a.jpg'),
    ('', '\\\\host\\share\\a.jpg', 'host/share/a.jpg'),
    ('', './a.jpg', 'a.jpg')])
def test_names_of_images_stay_below_the_source(folder, name, whole):
    image = named_image(folder, name)
    assert image.name == whole
    assert image.shorter[-1:] == (() if whole == 'a.jpg' else ('a.jpg',))
    assert all(whole.endswith('/' + name) for name in image.shorter)
