"""Images of rows become files; none is replaced, and none leaves the folder."""
import io

import pytest
from PIL import Image

from segvg.annotations.files import parquet as parquet_files
from segvg.annotations.readers import READERS, ReadOptions, parquet, parquet_images
from segvg.annotations.readers.parquet_images import extract_images
from segvg.structures import images as image_rules
from tests.annotations.readers.parquet_sources import (
    FLIPPED,
    HC_REFLOCO,
    REF_ADV,
    encoded,
    hc_refloco,
    in_this_process,
    lmms,
    ref_adv,
    write,
)
from tests.annotations.readers.sources import COCO_FILE, read

PICTURE = encoded()['bytes']


@pytest.fixture
def extract(tmp_path, monkeypatch):
    """Write rows to a file, and the images of that file to ``images``."""
    def call(rows, file=REF_ADV):
        write(tmp_path / 'source', rows, file)
        with in_this_process():
            monkeypatch.setattr(parquet_images, 'column_names', parquet.column_names)
            monkeypatch.setattr(parquet_images, 'iter_rows', parquet.iter_rows)
            options = ReadOptions()
            sets = READERS['hf_parquet']([tmp_path / 'source'], options)
            return extract_images(sets, tmp_path / 'images', options)
    return call


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob('*') if path.is_file()}


def test_every_image_is_written_once_as_it_is(extract, tmp_path):
    rows = [ref_adv(), ref_adv('he'), ref_adv(file_name='oi/b.jpg',
                                              image=encoded(20, 10))]
    found = extract(rows)
    assert found == ({'000000000101.jpg', 'oi/b.jpg'}, set(), [])
    assert files(tmp_path / 'images') == {
        '000000000101.jpg': PICTURE, 'oi/b.jpg': encoded(20, 10)['bytes']}
    assert extract(rows) == (set(), {'000000000101.jpg', 'oi/b.jpg'}, [])


def test_names_are_those_of_the_converted_lines(extract, tmp_path):
    file = 'lmms_RefCOCO/data/val-00000-of-00001.parquet'
    assert extract([lmms(file_name=FLIPPED)], file).written == {COCO_FILE}
    with in_this_process():
        lines, findings = read('hf_parquet', tmp_path / 'source',
                               images=tmp_path / 'images')
    assert findings == [] and lines[0]['image']['file'] == COCO_FILE


def test_a_file_that_is_there_is_never_replaced(extract, tmp_path):
    path = tmp_path / 'images/000000000101.jpg'
    path.parent.mkdir()
    path.write_bytes(b'mine')
    with pytest.raises(FileExistsError, match='101.jpg exists already.* row:0'):
        extract([ref_adv()])
    assert path.read_bytes() == b'mine'


def test_two_images_of_one_name_are_an_error(extract, tmp_path):
    with pytest.raises(FileExistsError, match='is not the image of .* row:1'):
        extract([ref_adv(), ref_adv('he', image=encoded(20, 10))])
    assert files(tmp_path / 'images') == {'000000000101.jpg': PICTURE}


@pytest.mark.parametrize(('changes', 'reason'), [
    (dict(file_name='../a.jpg'), 'names a file outside'),
    (dict(file_name='/a.jpg'), 'names a file outside'),
    (dict(file_name='link/a.jpg'), 'names a file outside'),
    (dict(file_name='a' * 300 + '.jpg'), 'does not have the name of an image file'),
    (dict(file_name='a.py'), 'does not have the name of an image file'),
    (dict(file_name=None), 'does not have the name of an image file'),
    (dict(image=dict(bytes=None, path='a.jpg')), 'holds no image: None'),
    (dict(image=dict(bytes=b'%!PS-Adobe', path='a.jpg')), 'cannot be read as an image')
])
def test_image_of_a_row_is_refused(extract, tmp_path, changes, reason):
    (tmp_path / 'images').mkdir()
    (tmp_path / 'images/link').symlink_to(tmp_path)
    found = extract([ref_adv(), ref_adv('he', **changes)])
    assert found.written == {'000000000101.jpg'}
    refused, = found.refused
    assert 'parquet row:1 ' in refused and reason in refused
    assert list(files(tmp_path / 'images')) == ['000000000101.jpg']
    assert not (tmp_path / 'a.jpg').exists()


def test_image_that_is_too_large_by_its_header_is_refused(extract, monkeypatch):
    stream = io.BytesIO()
    Image.new('1', (7100, 7100)).save(stream, 'PNG')
    assert 7100 * 7100 > image_rules.MAX_PIXELS
    found = extract([ref_adv(image=dict(bytes=stream.getvalue(), path='a.png'))])
    assert 'row:0 has 7,100 x 7,100 pixels' in found.refused[0]


def test_rows_without_images_are_an_error(extract, tmp_path):
    with pytest.raises(ValueError, match="holds no images: it has no column 'image'"):
        extract([hc_refloco()], HC_REFLOCO)
    assert not (tmp_path / 'images').exists()


def test_without_pyarrow_it_is_refused_in_words(tmp_path, monkeypatch):
    write(tmp_path, [ref_adv()], REF_ADV)
    monkeypatch.setattr(parquet_files, 'find_spec', lambda name: None)
    with pytest.raises(ImportError, match='which PyArrow reads: pip install'):
        READERS['hf_parquet']([tmp_path], ReadOptions())
