"""The reader of Visual Genome regions: images, boxes, and every finding."""
import pytest

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers import READERS, ReadOptions
from tests.annotations.readers.sources import (
    brief,
    exprs_of,
    read,
    write_image,
    write_json,
)

FILE, IMAGES = 'region_descriptions.json', 'image_data.json'
NAN = float('nan')


def image(image_id=2001, **changes):
    return {'image_id': image_id, 'width': 64, 'height': 48, 'coco_id': 101,
            'url': f'https://x/VG_100K_2/{image_id}.jpg', 'flickr_id': None, **changes}


def region(region_id=1, phrase='the sky', **changes):
    return {'region_id': region_id, 'image_id': 2001, 'x': 0, 'y': 0, 'width': 20,
            'height': 10, 'phrase': phrase, **changes}


def without(record, name):
    return {key: value for key, value in record.items() if key != name}


def record(*regions, image_id=2001):
    return {'id': image_id, 'regions': list(regions)}


def read_regions(root, records, listed=None, **options):
    write_json(root / FILE, records)
    write_json(root / IMAGES, [image()] if listed is None else listed)
    lines, findings = read('vg_regions', root, **options)
    return lines, brief(findings)


def test_region_is_an_expression_with_its_ids(tmp_path):
    lines, findings = read_regions(tmp_path, [record(
        region(7, 'a dog\n', x=-.01, synsets=[{'a': 1}]))])
    assert findings == []
    assert lines == [dict(
        image=dict(id='vg:2001', file='2001.jpg', width=64, height=48, coco_id=101,
                   alt=['VG_100K_2/2001.jpg']),
        split='all', instances=[dict(id=7, bbox=[-.01, 0, 19.99, 10], iscrowd=0)],
        exprs=[dict(id=7, ref_id=7, text='a dog\n', src=[0, 0], targets=[0],
                    extra=dict(synsets=[{'a': 1}]))])]


REGIONS = dict(
    no_record=(3, 'bad_type', 'skip'),
    no_phrase=(without(region(2), 'phrase'), 'missing_field', 'skip'),
    no_width=(without(region(2, 'he'), 'width'), 'missing_field', 'skip'),
    text_width=(region(2, 'he', width='wide'), 'bad_type', 'skip'),
    text_id=(region('two', 'he'), 'bad_type', 'skip'),
    blank=(region(2, '\n'), 'expr_empty', 'skip'),
    punctuation=(region(2, '"."'), 'expr_empty_after_clean', 'keep'),
    flat=(region(2, 'he', width=0), 'box_degenerate', 'skip'),
    away=(region(2, 'he', x=99), 'box_outside', 'skip'),
    nan=(region(2, 'he', y=NAN), 'box_not_finite', 'skip'),
    border=(region(2, 'he', x=50), 'box_partly_outside', 'keep'),
    thin=(region(2, 'he', width=.5), 'box_thin', 'keep'),
    other_image=(region(2, 'he', image_id=2002), 'ann_image_mismatch', 'skip'),
    again=(region(1, 'he'), 'id_duplicate', 'keep'),
    same_words=(region(2, 'The sky!'), 'expr_ambiguous', 'keep'))


@pytest.mark.parametrize('name', REGIONS)
def test_finding_of_a_region(tmp_path, name):
    second, code, action = REGIONS[name]
    lines, findings = read_regions(tmp_path, [record(region(), second)])
    place = '[0].regions[1]'
    assert (code, FILE, place, action) in findings
    assert {found[2] for found in findings} == {place}
    assert len(exprs_of(lines)) == (2 if action == 'keep' else 1)


def test_odd_image_id_of_a_region_is_ignored(tmp_path):
    lines, findings = read_regions(tmp_path, [record(region(image_id='x'))])
    assert findings == [('bad_type', FILE, '[0].regions[0].image_id', 'keep')]
    assert len(lines) == 1


@pytest.mark.parametrize(('record_', 'images', 'code', 'action'), [
    ([], None, 'bad_type', 'skip'), ({'id': 2001}, None, 'missing_field', 'skip'),
    ({'id': 2001, 'regions': 3}, None, 'bad_type', 'skip'),
    (record(region(), image_id=5), None, 'dangling_image', 'skip'),
    (record(region()), [image(width=0)], 'bad_type', 'skip'),
    (record(region()), [without(image(), 'height')], 'missing_field', 'skip'),
    (record(), None, 'image_without_expressions', 'keep')])
def test_finding_of_an_image(tmp_path, record_, images, code, action):
    lines, findings = read_regions(tmp_path, [record_], images)
    assert (code, FILE, '[0]', action) in findings
    assert lines == []


def test_list_of_images_is_checked(tmp_path):
    lines, findings = read_regions(
        tmp_path, [record(region())],
        [3, image(coco_id='x'), image(), image(5, width=None)])
    assert findings == [('id_duplicate', IMAGES, '[2]', 'keep'),
                        ('bad_type', IMAGES, '[1].coco_id', 'keep')]
    assert 'coco_id' not in lines[0]['image']


def test_image_with_two_records_has_one_line_at_the_end(tmp_path):
    lines, findings = read_regions(
        tmp_path, [record(region()), record(region(2, image_id=2002), image_id=2002),
                   record(region(3, 'The sky.'))], [image(), image(2002)])
    assert [line['image']['id'] for line in lines] == ['vg:2002', 'vg:2001']
    assert [expr['id'] for expr in lines[1]['exprs']] == [1, 3]
    assert findings == [('id_duplicate', FILE, '[2]', 'keep'),
                        ('expr_ambiguous', FILE, '[2].regions[0]', 'keep')]


def test_numbers_are_of_visual_genome_unless_the_images_are_own(tmp_path):
    for own, image_id in ((None, 'vg:2001'), ('own', 'file:2001.jpg')):
        lines, findings = read_regions(tmp_path, [record(region()), record(region(2))],
                                       [image()], images_are=own)
        assert [line['image']['id'] for line in lines] == [image_id]
        assert findings[0] == ('id_duplicate', FILE, '[1]', 'keep')


def test_images_are_looked_for_in_both_folders(tmp_path):
    write_image(tmp_path / 'images/VG_100K_2/2001.jpg', 60, 48)
    lines, findings = read_regions(
        tmp_path / 'a', [record(region()), record(region(2), image_id=7)],
        [image(), image(7)], images=tmp_path / 'images')
    assert findings == [
        ('image_size_mismatch', IMAGES, '[0]', 'keep'),
        ('image_missing', FILE, '[1]', 'skip'),
        ('ann_image_mismatch', FILE, '[1].regions[0]', 'skip')]
    assert lines[0]['image']['file'] == 'VG_100K_2/2001.jpg'


@pytest.mark.parametrize(('regions', 'images'), [
    ('{}', '[]'), ('[{"id": 1', '[]'), ('[]', '{}'), ('[]', '[')])
def test_broken_file_is_an_error(tmp_path, regions, images):
    (tmp_path / FILE).write_text(regions)
    (tmp_path / IMAGES).write_text(images)
    with pytest.raises(AnnotationFileError, match='_descriptions.json|image_data.json'):
        read('vg_regions', tmp_path)


def test_both_files_must_be_there(tmp_path):
    with pytest.raises(FileNotFoundError,
                       match=f'{tmp_path} has no {FILE} and no {IMAGES}$'):
        READERS['vg_regions']([tmp_path], ReadOptions())
