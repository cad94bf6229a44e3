"""Image files of a source: found, missing, of another size, not to be followed."""
import numpy as np
import pytest
from PIL import ExifTags, Image

from segvg.annotations.checks import Check
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
    write_pth,
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
    with pytest.raises(FileNotFoundError, match='folder .*nowhere does not exist'):
        read_refer(tmp_path, [ref()], root=tmp_path / 'nowhere')


@pytest.mark.parametrize('content', [b'', b'<html>404</html>', b'\xff\xd8\xff'])
def test_file_that_is_not_an_image_is_damaged_not_missing(tmp_path, content):
    write_image(tmp_path / 'images' / COCO_FILE).write_bytes(content)
    folder = write_refer(tmp_path / 'own', [ref()])
    _, (finding,) = read('refer_refcoco', folder, images=tmp_path / 'images',
                         check=Check.IMAGES)
    assert (finding.code, finding.action) == ('image_damaged', 'skip')
    assert f'{COCO_FILE} cannot be read as an image' in finding.value


@pytest.mark.parametrize(('check', 'codes'), [
    (Check.IMAGES, []), (Check.FULL, ['image_damaged'])])
def test_full_check_decodes_what_training_will_decode(tmp_path, check, codes):
    random = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    path = write_image(tmp_path / 'images' / COCO_FILE)
    Image.fromarray(random).save(path)
    path.write_bytes(path.read_bytes()[:1500])  # the header is whole
    folder = write_refer(tmp_path / 'own', [ref()])
    lines, findings = read('refer_refcoco', folder, images=tmp_path / 'images',
                           check=check)
    assert [finding.code for finding in findings] == codes
    assert len(lines) == 1 - len(codes)


def test_full_check_refuses_values_that_training_refuses(tmp_path):
    (tmp_path / 'images').mkdir()
    depths = np.full((48, 64), 7.5, np.float32)
    Image.fromarray(depths).save(tmp_path / 'images/depth.tif')
    folder = write_refer(tmp_path / 'own', [ref()], [image(file_name='depth.tif')])
    _, (finding,) = read('refer_refcoco', folder, images=tmp_path / 'images')
    assert finding.code == 'image_damaged' and 'values from 7.5 to 7.5' in finding.value


def test_sound_copy_goes_before_a_damaged_one(tmp_path):
    write_image(tmp_path / 'images/train2014' / COCO_FILE).write_text('')
    write_image(tmp_path / 'images/train2017/000000000101.jpg')
    lines, findings = read_refer(tmp_path, [ref()], root=tmp_path / 'images')
    assert findings == []
    assert lines[0]['image']['file'] == 'train2017/000000000101.jpg'


@pytest.mark.slow
def test_panorama_is_reported_by_name_and_the_rest_is_read(tmp_path):
    write_image(tmp_path / 'images/small.png')
    Image.new('1', (20_000, 10_000)).save(tmp_path / 'images/wide.png')
    folder = write_refer(
        tmp_path / 'own', [ref(), ref(2, ann_id=7002, image_id=102, sentences=[
            sentence(20, 'he')])],
        [image(file_name='small.png'), image(102, file_name='wide.png')],
        [annotation(), annotation(7002, image_id=102)])
    lines, (finding,) = read('refer_refcoco', folder, images=tmp_path / 'images')
    assert [line['image']['file'] for line in lines] == ['small.png']
    assert finding.code == 'image_damaged' and 'wide.png is too large' in finding.value


@pytest.mark.parametrize(('upright', 'size', 'mismatch'), [
    (False, (64, 48), ''),
    (False, (48, 64), '48x64 annotated, the file has 64x48; EXIF orientation 6 turns '
     'it: is the annotation of the upright picture? --apply-orientation'),
    (True, (48, 64), ''),
    (True, (64, 48), '64x48 annotated, the file has 48x64; EXIF orientation 6 turns '
     'it: the annotation is of the picture as it is stored')])
def test_orientation_of_cameras_is_counted_and_explains_sizes(tmp_path, upright, size,
                                                              mismatch):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    (tmp_path / 'images').mkdir()
    Image.new('RGB', (64, 48)).save(tmp_path / 'images/phone.jpg', exif=exif)
    width, height = size
    refs = [ref(), ref(2, ann_id=7002, sentences=[sentence(20, 'he')])]
    folder = write_refer(
        tmp_path / 'own', refs,
        [image(file_name='phone.jpg', width=width, height=height)],
        [annotation(), annotation(7002)])
    _, findings = read('refer_refcoco', folder, images=tmp_path / 'images',
                       check=Check.IMAGES, apply_orientation=upright)
    found = {finding.code: finding.value for finding in findings}
    assert found.pop('image_orientation') == 'phone.jpg has EXIF orientation 6'
    assert found.pop('image_size_mismatch', '') == mismatch
    assert len(findings) == 1 + bool(mismatch)  # once an image


@pytest.mark.parametrize(('upright', 'size'), [(False, (64, 48)), (True, (48, 64))])
def test_size_of_a_file_is_that_of_the_upright_picture_when_asked_for(tmp_path, upright,
                                                                      size):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 8
    (tmp_path / 'images').mkdir()
    Image.new('RGB', (64, 48)).save(tmp_path / 'images/phone.jpg', exif=exif)
    write_pth(tmp_path / 'own/own_train.pth', [
        ('phone.jpg', '0.pth', [2, 3, 20, 30], 'the dog', [])])
    lines, findings = read('resc_pth', tmp_path / 'own', images=tmp_path / 'images',
                           box='xyxy', apply_orientation=upright, check=Check.FAST)
    assert (lines[0]['image']['width'], lines[0]['image']['height']) == size
    assert [finding.code for finding in findings] == ['image_orientation']


@pytest.mark.parametrize(('url', 'number'), [
    ('http://farm5.staticflickr.com/4037/4669266670_cc6de4e5c4_z.jpg', 4669266670),
    ('https://live.flickr.com/4669266670_a.jpg', 4669266670), (None, None),
    ('http://images.cocodataset.org/train2017/000000000012.jpg', None)])
def test_photographs_have_the_number_of_their_address(url, number):
    assert photo_number(url) == number
