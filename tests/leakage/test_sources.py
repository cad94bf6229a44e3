import json

import pyarrow
import pyarrow.parquet
import pytest
import torch

from segvg.annotations.files.errors import AnnotationFileError
from segvg.leakage import SOURCES, ImageSource
from tests.leakage.planted import write_canonical, write_json

REFS = [dict(image_id=7, split='val', file_name='COCO_train2014_000000000007_3.jpg'),
        dict(image_id=8, split='val', file_name='8_3.jpg')]
MDETR = dict(images=[
    dict(id=1, original_id=7, dataset_name='refcoco', file_name='x.jpg'),
    dict(id=7, original_id=-1, dataset_name='mixed',
         file_name='COCO_train2014_000000000009.jpg'),
    dict(id=8, original_id=10, dataset_name='flickr', file_name='1001.jpg'),
    dict(id=9, original_id=-1, dataset_name='mixed', file_name='55.jpg')])
SEQTR = dict(train=[dict(image_id=7, data_source='coco'),
                    dict(image_id=8, data_source='vg'),
                    dict(image_id=9, data_source='flickr')],
             val_refcoco_unc=[dict(image_id=3, data_source='coco')])


def keys(format_name, path, source=None):
    return [seen.key for seen in (source or ImageSource()).read(format_name, path)]


@pytest.mark.parametrize(('format_name', 'content', 'expected'), [
    ('refer', REFS, ['coco:7', None]),
    ('mdetr', MDETR, ['coco:7', 'coco:9', 'flickr30k:1001', None]),
    ('seqtr', SEQTR, ['coco:7', None, 'flickr30k:9']),
    ('coco', dict(images=[dict(id=1, file_name='a.jpg', coco_url='http://images.'
                               'cocodataset.org/train2017/000000000012.jpg')]),
     ['coco:12']),
    ('vg', [dict(image_id=5, coco_id=12), dict(image_id=6, coco_id=None), 'x'],
     ['coco:12', 'vg:6', None]),
    ('gqa', {'q1': dict(imageId='5')}, [None])])
def test_images_are_mapped_by_what_the_format_says(format_name, content, expected,
                                                   tmp_path):
    path = write_json(tmp_path / 'f.json', content)
    assert keys(format_name, path) == expected


def test_canonical_lines_are_read_whatever_their_order_of_keys(tmp_path):
    images = [dict(id='coco:7', file='a.jpg'), dict(id='vg:5', file='5.jpg'),
              dict(id='vg:6', file='6.jpg', coco_id=9), dict(id='file:b', file='b.jpg')]
    path = write_canonical(tmp_path, 'x', 'train', images)
    expected = ['coco:7', None, 'coco:9', 'x/b.jpg']
    assert keys('canonical', path) == expected
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    turned = [json.dumps(dict(reversed(line.items()))) for line in lines]
    path.write_text('\n'.join(turned) + '\n')
    assert keys('canonical', path) == expected
    links = ImageSource(write_json(tmp_path / 'l.json', [dict(image_id=5, coco_id=3)]))
    assert keys('canonical', path, links)[1] == 'coco:3'


def test_pth_odvg_and_lists_of_names_are_read(tmp_path):
    name = 'COCO_train2014_000000000007.jpg'
    torch.save([(name, '1.pth', [0, 0, 1, 1], 'man', []), (b'3.jpg',)],
               tmp_path / 'a.pth')
    assert keys('pth', tmp_path / 'a.pth') == ['coco:7', None]
    (tmp_path / 'b_vg.json').write_text(json.dumps({'filename': '5.jpg'}) + '\n')
    assert keys('odvg', tmp_path / 'b_vg.json') == [None]
    (tmp_path / 'c.txt').write_text(f'{name}\n\ntrain2017/000000000008.jpg\n17\n')
    assert keys('names', tmp_path / 'c.txt') == ['coco:7', 'coco:8', None]


def test_parquet_is_read_in_a_process_of_its_own(tmp_path):
    name = 'COCO_train2014_000000000007.jpg'
    pyarrow.parquet.write_table(pyarrow.table(dict(
        file_name=[name, 'a.jpg', 'b.jpg'], image_id=['7', 'coco.9', 'x'],
        other=[1, 2, 3])), tmp_path / 'a.parquet')
    assert keys('parquet', tmp_path / 'a.parquet') == ['coco:7', 'coco:9', None]
    pyarrow.parquet.write_table(pyarrow.table(dict(other=[1])), tmp_path / 'b.parquet')
    with pytest.raises(AnnotationFileError, match='b.parquet: has none of the columns '
                                                  'file_name, image_id'):
        keys('parquet', tmp_path / 'b.parquet')


@pytest.mark.parametrize('format_name', sorted(set(SOURCES) - {'names'}))
def test_broken_file_is_an_error_that_names_it(format_name, tmp_path):
    path = tmp_path / 'broken'
    path.write_bytes(b'{"images": [')
    with pytest.raises(AnnotationFileError, match='broken'):
        keys(format_name, path)


def test_record_without_its_image_is_an_error(tmp_path):
    path = write_json(tmp_path / 'f.json', dict(images=[dict(id=1)]))
    with pytest.raises(AnnotationFileError, match="record 0 has no 'file_name'"):
        keys('coco', path)


def test_unknown_format_is_an_error():
    with pytest.raises(KeyError, match='tablets'):
        ImageSource().read('tablets', None)
