"""The reader of ODVG lines: regions, spans, and every finding it can make."""
import json

import pytest

from segvg.annotations.readers import READERS, ReadOptions
from tests.annotations.readers.sources import (
    COCO_FILE,
    brief,
    exprs_of,
    read,
    write_image,
)

FILE = 'own_val_vg.json'
TEXT = 'a man and two dogs'


def region(**changes):
    return {'bbox': [4, 4, 24, 34], 'phrase': 'a man', 'tokens_positive': [[0, 5]],
            **changes}


def record(regions=None, caption=TEXT, **changes):
    return {'filename': COCO_FILE, 'height': 48, 'width': 64, 'grounding': {
        'caption': caption, 'regions': [region()] if regions is None else regions},
        **changes}


def without(content, name):
    return {key: value for key, value in content.items() if key != name}


def read_lines(folder, lines, name=FILE, **options):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text('\n'.join(
        line if isinstance(line, str) else json.dumps(line) for line in lines))
    lines, findings = read('odvg', folder, **options)
    assert all(found.file == name for found in findings)
    return lines, [(code, at, action) for code, _, at, action in brief(findings)]


def test_regions_become_phrases_of_a_caption(tmp_path):
    lines, findings = read_lines(tmp_path, [record([
        region(), region(bbox=[[30, 20, 40, 40], [4, 4, 24, 34]],
                         phrase=['two', 'dogs'], tokens_positive=[[10, 13], [14, 18]])],
        tags=['x'])])
    assert findings == []
    assert lines == [dict(
        image=lines[0]['image'], split='val',
        instances=[dict(id='line:1.0', bbox=[4, 4, 24, 34], iscrowd=0),
                   dict(id='line:1.1', bbox=[30, 20, 40, 40], iscrowd=0)],
        exprs=[dict(id='line:1', caption=True, text=TEXT, src=[0, 0], targets=[0, 1],
                    phrases=[dict(span=[[0, 5]], targets=[0]),
                             dict(span=[[10, 13], [14, 18]], targets=[0, 1])],
                    extra=dict(tags=['x']))])]
    assert lines[0]['image']['coco_id'] == 101


def test_blank_lines_pass_and_count(tmp_path):
    lines, findings = read_lines(tmp_path, ['', record(), ' ', record()])
    assert findings == []
    assert [expr['id'] for expr in exprs_of(lines)] == ['line:2', 'line:4']
    assert len(lines[0]['instances']) == 1


FINDINGS = dict(
    cut=('{"filename"', 'bad_json_line', '', 'skip'),
    twice=('{"filename": "a", "filename": "b"}', 'bad_json_line', '', 'skip'),
    deep=('[' * 100_000, 'bad_json_line', '', 'skip'),
    a_list=([1], 'bad_type', '', 'skip'),
    detection=({**without(record(), 'grounding'), 'detection': {'instances': []}},
               'missing_field', '', 'skip'),
    no_name=(without(record(), 'filename'), 'missing_field', '', 'skip'),
    text_size=(record(height='48 px'), 'bad_type', '', 'skip'),
    no_caption=(record(grounding={'regions': []}), 'missing_field', '', 'skip'),
    no_regions=(record(grounding={'caption': 'man'}), 'missing_field', '', 'skip'),
    odd_regions=(record(regions={}), 'bad_type', '', 'skip'),
    blank=(record(caption=' ', regions=[]), 'expr_empty', '', 'skip'),
    punctuation=(record(caption='...', regions=[region(
        phrase='.', tokens_positive=[[0, 1]])]), 'expr_empty_after_clean', '', 'keep'),
    nothing=(record([]), 'caption_without_boxes', '', 'keep'),
    odd_region=(record([3]), 'bad_type', '', 'skip'),
    no_box=(record([without(region(), 'bbox')]), 'missing_field', '', 'skip'),
    no_boxes=(record([region(bbox=[])]), 'bad_type', '', 'skip'),
    short_box=(record([region(bbox=[[1, 2, 3]])]), 'bad_type', '', 'skip'),
    no_spans=(record([without(region(phrase='a bus'), 'tokens_positive')]),
              'span_text_mismatch', '', 'skip'),
    odd_spans=(record([region(tokens_positive='x')]), 'bad_type',
               '.grounding.regions[0].tokens_positive', 'keep'),
    odd_phrase=(record([region(phrase=3)]), 'bad_type',
                '.grounding.regions[0].phrase', 'keep'),
    late=(record([region(tokens_positive=[[0, 99]])]), 'span_out_of_range',
          '.grounding.regions[0].tokens_positive[0]', 'keep'),
    empty=(record([region(tokens_positive=[[2, 2]])]), 'span_empty',
           '.grounding.regions[0].tokens_positive[0]', 'keep'),
    other_text=(record([region(phrase='man')]), 'span_text_mismatch',
                '.grounding.regions[0]', 'keep'),
    thin=(record([region(bbox=[4, 4, 4.5, 34])]), 'box_thin', '.grounding.regions[0]',
          'keep'),
    border=(record([region(bbox=[4, 4, 24, 54])]), 'box_partly_outside',
            '.grounding.regions[0]', 'keep'))


@pytest.mark.parametrize('name', FINDINGS)
def test_finding_is_reported_at_its_place(tmp_path, name):
    line, code, place, action = FINDINGS[name]
    lines, findings = read_lines(tmp_path, [record(), line])
    assert (code, f'line:2{place}', action) in findings
    assert len(exprs_of(lines)) == (1 if action == 'skip' else 2)
    assert all(at.startswith('line:2') for _, at, _ in findings)


def test_one_of_two_useless_boxes_is_dropped(tmp_path):
    lines, findings = read_lines(tmp_path, [record([
        region(bbox=[[9, 9, 4, 20], [5, 5, 9, 9]])])])
    assert findings == [('box_degenerate', 'line:1.grounding.regions[0]',
                         'box_dropped')]
    assert exprs_of(lines)[0]['phrases'] == [dict(span=[[0, 5]], targets=[0])]


@pytest.mark.parametrize(('bbox', 'code'), [
    ([4, 4, 4, 9], 'box_degenerate'), ([70, 4, 80, 9], 'box_outside'),
    ([4, 4, float('nan'), 9], 'box_not_finite')])
def test_caption_that_loses_its_last_box_is_skipped(tmp_path, bbox, code):
    lines, findings = read_lines(tmp_path, [record([region(bbox=bbox)])])
    assert lines == []
    assert findings == [(code, 'line:1.grounding.regions[0]', 'box_dropped'),
                        ('caption_without_boxes', 'line:1', 'keep'),
                        (code, 'line:1', 'skip')]


def test_files_are_told_by_their_names(tmp_path):
    for name in ('own_train_vg.json', FILE, 'grit_vg.jsonl', 'o365v1_train_od.json',
                 'o365v1_label_map.json', 'more_od.jsonl'):
        (tmp_path / name).write_text(json.dumps(record()))
    sets = READERS['odvg']([tmp_path], ReadOptions())
    assert [(found.name, [path.name for path in found.files]) for found in sets] == [
        ('odvg_own', ['own_train_vg.json', FILE]), ('odvg_grit', ['grit_vg.jsonl'])]
    lines, findings = read('odvg', tmp_path)
    assert [line['split'] for line in lines] == ['train', 'val', 'all']
    assert brief(findings) == [('split_leak', FILE, 'line:1', 'keep')]
    lines, _ = read('odvg', tmp_path / 'o365v1_label_map.json')
    assert len(lines) == 1


def test_nothing_to_read_is_an_error(tmp_path):
    for path, text in ((tmp_path, 'no .*_vg.json'),
                       (tmp_path / 'no', 'no does not exist')):
        with pytest.raises(FileNotFoundError, match=text):
            READERS['odvg']([path], ReadOptions())


def test_equal_numbers_of_two_collections_are_two_images(tmp_path):
    names = ('flickr30k/25.jpg', 'VG_100K/25.jpg', 'a/25.jpg', 'b/25.jpg', 'sky.jpg')
    lines, findings = read_lines(tmp_path, [record(filename=name) for name in names])
    assert findings == []
    assert [line['image']['id'] for line in lines] == [
        'flickr30k:25', 'vg:25', 'file:a/25.jpg', 'file:b/25.jpg', 'file:sky.jpg']


def test_image_files_are_looked_for(tmp_path):
    write_image(tmp_path / 'images' / COCO_FILE, 60, 48)
    lines, findings = read_lines(
        tmp_path / 'a', [record(), record(filename='no.jpg'), record(
            filename=f'../images/{COCO_FILE}')], images=tmp_path / 'images')
    assert findings == [('image_size_mismatch', 'line:1', 'keep'),
                        ('image_missing', 'line:2', 'skip'),
                        ('image_missing', 'line:3', 'skip')]
    assert len(lines) == 1


def test_other_size_of_an_image_is_reported(tmp_path):
    lines, findings = read_lines(tmp_path, [record(), record(width=80)])
    assert findings == [('image_size_mismatch', 'line:2', 'keep')]
    assert lines[0]['image']['width'] == 64


def test_phrase_without_positions_is_looked_up_in_the_caption(tmp_path):
    regions = [without(region(phrase='Two dogs', bbox=[30, 4, 50, 34]),
                       'tokens_positive'), region()]
    lines, findings = read_lines(tmp_path / 'own', [record(regions)])
    assert findings == []
    phrases = lines[0]['exprs'][0]['phrases']
    assert [phrase['span'] for phrase in phrases] == [[[10, 18]], [[0, 5]]]
    regions[0]['phrase'] = 'a cat'
    lines, findings = read_lines(tmp_path / 'own', [record(regions)])
    assert lines == [] and ('span_text_mismatch', 'line:1', 'skip') in findings
