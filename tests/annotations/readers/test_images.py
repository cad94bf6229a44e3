"""Image files of a source: found, missing, of another size, not to be followed."""
import pytest

from segvg.annotations.readers.images import (
    image_name,
    other_names,
    photo_number,
    without_suffix,
)
from tests.annotations.readers.sources import (
    COCO_FILE,
    annotation,
    brief,
    image,
    read,
    ref,
    sentence,
    write_image,
    write_refer,
)

REFS, INSTANCES = 'refs(unc).p', 'instances.json'


def read_refer(tmp_path, refs, images=None, annotations=None, root=None):
    folder = write_refer(tmp_path / 'own', refs, images, annotations)
    lines, findings = read('refer_refcoco', folder, images=root)
    return lines, brief(findings)


def test_missing_image_skips_every_ref_of_it(tmp_path):
    write_image(tmp_path / 'images' / 'other.jpg')
    refs = [ref(1), ref(2, ann_id=7002, sentences=[sentence(20, 'he')])]
    lines, findings = read_refer(tmp_path, refs, root=tmp_path / 'images', annotations=[
        annotation(), annotation(7002)])
    assert findings == [('image_missing', REFS, f'refs[{i}]', 'skip') for i in (0, 1)]
    assert lines == []


@pytest.mark.parametrize(('place', 'file'), [
    (COCO_FILE, COCO_FILE), (f'train2014/{COCO_FILE}', f'train2014/{COCO_FILE}'),
    ('train2017/000000000101.jpg', 'train2017/000000000101.jpg'),
    (f'own/{COCO_FILE}', f'own/{COCO_FILE}')])
def test_image_is_found_under_its_other_names(tmp_path, place, file):
    write_image(tmp_path / 'images' / place)
    lines, findings = read_refer(tmp_path, [ref()], root=tmp_path / 'images')
    assert findings == [] and lines[0]['image']['file'] == file
    assert file not in lines[0]['image']['alt']


def test_image_of_another_size_is_reported_and_the_annotated_size_stays(tmp_path):
    write_image(tmp_path / 'images' / COCO_FILE, 60, 40)
    lines, findings = read_refer(tmp_path, [ref()], root=tmp_path / 'images')
    assert findings == [('image_size_mismatch', INSTANCES, 'images[0]', 'keep')]
    assert lines[0]['image']['width'] == 64


@pytest.mark.parametrize('name', ['../secret.jpg', '/etc/secret.jpg'])
@pytest.mark.parametrize('look', [True, False])
def test_image_name_that_leaves_the_folder_is_not_followed(tmp_path, name, look):
    write_image(tmp_path / 'secret.jpg')
    (tmp_path / 'images').mkdir()
    lines, findings = read_refer(tmp_path, [ref()], [image(file_name=name)],
                                 root=tmp_path / 'images' if look else None)
    assert findings == [('image_missing', REFS, 'refs[0]', 'skip')] and lines == []


def test_link_that_leaves_the_image_folder_is_not_followed(tmp_path):
    secret = write_image(tmp_path / 'secret.jpg')
    (tmp_path / 'images').mkdir()
    (tmp_path / 'images' / COCO_FILE).symlink_to(secret)
    _, findings = read_refer(tmp_path, [ref()], root=tmp_path / 'images')
    assert findings == [('image_missing', REFS, 'refs[0]', 'skip')]


def test_image_without_a_name_gets_one_from_its_id(tmp_path):
    record = image()
    del record['file_name']
    lines, findings = read_refer(tmp_path, [ref()], [record])
    assert findings == [] and lines[0]['image']['file'] == COCO_FILE


@pytest.mark.parametrize(('name', 'expected'), [
    ('COCO_train2014_000000000101_7001.jpg', COCO_FILE), ('25_1.jpg', '25.jpg'),
    ('25.jpg', '25.jpg'), ('a_b.jpg', 'a_b.jpg'), ('name', 'name')])
def test_without_suffix_takes_the_annotation_id_away(name, expected):
    assert without_suffix(name) == expected


def test_image_name_keeps_names_of_other_sources():
    assert image_name('a/COCO_train2014_000000000101_7001.jpg') == f'a/{COCO_FILE}'
    for name in (COCO_FILE, '25_1.jpg', 'a_b/COCO_train2014_000000000101.jpg'):
        assert image_name(name) == name


def test_other_names_are_those_of_coco_only():
    assert other_names('25.jpg') == []
    assert COCO_FILE in other_names('000000000101.jpg')
    assert 'val2014/COCO_val2014_000000000111.jpg' in other_names(
        'COCO_val2014_000000000111.jpg')


def test_missing_image_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match='no image folder .*nowhere'):
        read_refer(tmp_path, [ref()], root=tmp_path / 'nowhere')


def test_file_that_is_no_image_counts_as_missing(tmp_path):
    write_image(tmp_path / 'images' / COCO_FILE).write_text('text')
    _, findings = read_refer(tmp_path, [ref()], root=tmp_path / 'images')
    assert findings == [('image_missing', REFS, 'refs[0]', 'skip')]


@pytest.mark.parametrize(('url', 'number'), [
    ('http://farm5.staticflickr.com/4037/4669266670_cc6de4e5c4_z.jpg', 4669266670),
    ('https://live.flickr.com/4669266670_a.jpg', 4669266670), (None, None),
    ('http://images.cocodataset.org/train2017/000000000012.jpg', None)])
def test_photographs_have_the_number_of_their_address(url, number):
    assert photo_number(url) == number
