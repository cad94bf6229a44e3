"""The canonical form as a source: every finding, and lines that stay as they are."""
import copy
import json

import pytest

from segvg.annotations.canonical import CanonicalWriter
from segvg.annotations.checks import Report
from segvg.annotations.conversion import read_lines
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers import READERS, ReadOptions
from tests.annotations.readers.sources import brief, exprs_of, read, write_image

FILE = 'own_val.jsonl'
POLYGON = [4, 4, 24, 4, 24, 34, 4, 34]
LINE = dict(
    image=dict(id='coco:101', file='a.jpg', width=64, height=48, coco_id=101,
               alt=['b.jpg'], camera='old'),
    split='val',
    instances=[dict(id=1, bbox=[4, 4, 24, 34], category_id=1, segm={'poly': [POLYGON]},
                    iscrowd=0, area=600),
               dict(id=2, bbox=[30, 10, 50, 30]),
               dict(id=3, bbox=[1, 1, 9, 9], ref=False)],
    exprs=[dict(id=10, ref_id=1, text='Left man.', sent='left man', targets=[0],
                src=[0, 0], extra={'mood': 'calm'}),
           dict(id=11, ref_id=2, text='man and dog', targets=[0, 1], phrases=[
               dict(span=[[0, 3]], targets=[0], id='x'), dict(span=[[8, 11]],
                                                              targets=[])]),
           dict(id=12, ref_id=3, text='a bus', targets=[]),
           dict(id=13, text='nobody', targets=[], caption=True, phrases=[])],
    weather='fine')


def changed(path, value):
    """LINE with one value replaced."""
    line = copy.deepcopy(LINE)
    *parents, last = path
    place = line
    for key in parents:
        place = place[key]
    place[last] = value
    return line


def read_line_list(tmp_path, lines, images=None, meta=None, **options):
    text = '\n'.join(line if isinstance(line, str) else json.dumps(line)
                     for line in lines)
    (tmp_path / FILE).write_text(text + '\n')
    source = tmp_path / FILE
    if meta is not None:
        source = tmp_path / 'own.meta.json'
        source.write_text(json.dumps(meta))
    lines, findings = read('canonical', source, images=images, **options)
    return lines, brief(findings)


def test_sound_lines_come_out_as_they_went_in(tmp_path):
    lines, findings = read_line_list(tmp_path, [LINE])
    assert findings == [('caption_without_boxes', FILE, 'line:1.exprs[3]', 'keep')]
    assert lines == [LINE]


FINDINGS = dict(
    no_id=(('image', 'id'), None, 'bad_type', '', 'skip'),
    no_width=(('image', 'width'), 0, 'bad_type', '', 'skip'),
    odd_alt=(('image', 'alt'), 'b.jpg', 'bad_type', '.image.alt', 'keep'),
    odd_split=(('split',), 7, 'bad_type', '', 'skip'),
    other_split=(('split',), 'train', 'split_mismatch', '', 'skip'),
    version=(('segvg',), '2.0', 'version_unknown', '', 'skip'),
    no_exprs=(('exprs',), [], 'image_without_expressions', '', 'keep'),
    text=(('exprs', 0, 'text'), 5, 'bad_type', '.exprs[0]', 'skip'),
    blank=(('exprs', 0, 'text'), ' ', 'expr_empty', '.exprs[0]', 'skip'),
    marks=(('exprs', 0, 'text'), '!', 'expr_empty_after_clean', '.exprs[0]', 'keep'),
    sent=(('exprs', 0, 'sent'), 5, 'bad_type', '.exprs[0].sent', 'keep'),
    target=(('exprs', 0, 'targets'), [7], 'dangling_ann', '.exprs[0]', 'skip'),
    twice=(('exprs', 0, 'targets'), [0, 0], 'target_duplicate', '.exprs[0].targets',
           'keep'),
    expr_id=(('exprs', 1, 'id'), 10, 'id_duplicate', '.exprs[1]', 'keep'),
    same=(('exprs', 1), dict(id=11, ref_id=1, text='left  MAN', targets=[0]),
          'expr_duplicate_in_ref', '.exprs[1]', 'keep'),
    other=(('exprs', 1), dict(id=11, ref_id=2, text='left man', targets=[1]),
           'expr_ambiguous', '.exprs[1]', 'keep'),
    span=(('exprs', 1, 'phrases', 0, 'span'), [[0, 99]], 'span_out_of_range',
          '.exprs[1].phrases[0].span[0]', 'keep'),
    empty=(('exprs', 1, 'phrases', 0, 'span'), [[2, 2]], 'span_empty',
           '.exprs[1].phrases[0].span[0]', 'keep'),
    odd_span=(('exprs', 1, 'phrases', 0, 'span'), ['03'], 'bad_type',
              '.exprs[1].phrases[0].span[0]', 'keep'),
    phrase=(('exprs', 1, 'phrases', 0, 'targets'), [9], 'dangling_ann', '.exprs[1]',
            'skip'),
    nan=(('instances', 0, 'bbox'), [0, 0, float('inf'), 4], 'box_not_finite',
         '.exprs[0]', 'skip'),
    flat=(('instances', 0, 'bbox'), [4, 4, 4, 9], 'box_degenerate', '.exprs[1]',
          'skip'),
    no_box=(('instances', 1, 'bbox'), None, 'box_missing', '.exprs[1]', 'skip'),
    short=(('instances', 1, 'bbox'), [1], 'bad_type', '.exprs[1]', 'skip'),
    border=(('instances', 1, 'bbox'), [30, 10, 70, 30], 'box_partly_outside',
            '.instances[1]', 'keep'),
    instance_id=(('instances', 1, 'id'), 1, 'id_duplicate', '.instances[1]', 'keep'),
    category=(('instances', 0, 'category_id'), ['man'], 'bad_type',
              '.instances[0].category_id', 'keep'),
    area=(('instances', 0, 'area'), 100, 'area_mismatch', '.instances[0]', 'keep'),
    crowd=(('instances', 0, 'iscrowd'), 1, 'iscrowd_target', '.instances[0]', 'keep'),
    mask=(('instances', 0, 'segm'), {'poly': [[1, 2]]}, 'mask_bad_polygon',
          '.instances[0].segmentation[0]', 'keep'),
    unused=(('instances', 2, 'bbox'), [1, 1, 1, 9], 'box_degenerate', '.instances[2]',
            'box_dropped'))


@pytest.mark.parametrize('name', FINDINGS)
def test_finding_is_reported_at_its_place(tmp_path, name):
    path, value, code, at, action = FINDINGS[name]
    good = changed(('image', 'id'), 'coco:1')
    good['exprs'] = [dict(id=99, text='good', targets=[])]
    lines, findings = read_line_list(tmp_path, [good, changed(path, value)])
    assert (code, FILE, f'line:2{at}', action) in findings
    if name not in ('unused', 'flat', 'nan'):
        assert [found[0] for found in findings].count(code) == 1
    lost = {expr['id'] for expr in exprs_of([LINE])} - {
        expr['id'] for expr in exprs_of(lines)}
    if action == 'skip':
        assert lost
    elif name not in ('no_exprs', 'expr_id'):
        assert not lost


@pytest.mark.parametrize('text', ['{"image": ', '[1]', '', '{"a": 1, "a": 2}'])
def test_line_that_is_no_object_is_skipped(tmp_path, text):
    lines, findings = read_line_list(tmp_path, [text, LINE])
    assert findings[0][2:] == ('line:1', 'skip')
    assert findings[0][0] in ('bad_json_line', 'bad_type')
    assert len(lines) == 1


def test_boxes_of_captions_are_dropped_and_the_caption_stays(tmp_path):
    line = changed(('instances', 1, 'bbox'), [5, 5, 5, 5])
    line['exprs'] = [dict(id=1, text='man, dog', targets=[0, 1], caption=True, phrases=[
        dict(span=[[0, 3]], targets=[0]), dict(span=[[5, 8]], targets=[1])])]
    lines, findings = read_line_list(tmp_path, [line])
    assert findings == [('box_degenerate', FILE, 'line:1.instances[1]', 'box_dropped')]
    assert lines[0]['exprs'][0]['targets'] == [0]
    phrases = lines[0]['exprs'][0]['phrases']
    assert [phrase['targets'] for phrase in phrases] == [[0], []]
    assert [instance['id'] for instance in lines[0]['instances']] == [1, 3]


def test_lines_of_one_image_become_one_with_all_sentences(tmp_path):
    other = changed(('exprs',), [dict(id=1, text='he', targets=[1])])
    other['instances'] = [dict(id=1, bbox=[0, 0, 9, 9]), dict(id=2, bbox=[5, 5, 9, 9])]
    (line,), _ = read_line_list(tmp_path, [LINE, other])
    assert line['image'] == LINE['image']
    assert [expr['text'] for expr in line['exprs']] == [
        *(expr['text'] for expr in LINE['exprs']), 'he']
    instance = line['instances'][line['exprs'][-1]['targets'][0]]
    assert (instance['id'], instance['bbox']) == ('2#1', [5, 5, 9, 9])


def test_two_names_of_one_image_stop_the_reading(tmp_path):
    other = changed(('image',), dict(id='file:1', file='dock/1.jpg', width=9, height=9))
    first = changed(('image',), dict(id='file:1', file='yard/1.jpg', width=9, height=9))
    with pytest.raises(AnnotationFileError, match='dock/1.jpg.*yard/1.jpg'):
        read_line_list(tmp_path, [first, other])


def test_folder_without_a_meta_file_is_read(tmp_path):
    for split in ('val', 'train'):
        image = dict(id=f'file:{split}.jpg', file=f'{split}.jpg', width=99, height=99)
        line = {**changed(('split',), split), 'image': image}
        (tmp_path / f'own_{split}.jsonl').write_text(json.dumps(line))
    lines, _ = read('canonical', tmp_path)
    assert [line['split'] for line in lines] == ['train', 'val']
    (source,) = READERS['canonical'](sorted(tmp_path.glob('*.jsonl')), ReadOptions())
    assert source.name == 'own' and len(source.files) == 2


def test_instance_without_a_box_needs_a_mask(tmp_path):
    line = changed(('instances', 0, 'bbox'), None)
    lines, findings = read_line_list(tmp_path, [line])
    assert [found[0] for found in findings] == ['caption_without_boxes']
    assert lines[0]['instances'][0]['bbox'] is None


@pytest.mark.parametrize(('size', 'code'), [
    ((64, 48), None), ((48, 64), 'mask_size_mismatch'), (None, 'mask_missing')])
def test_mask_file_is_looked_at(tmp_path, size, code):
    if size:
        write_image(tmp_path / 'masks/1.png', *size)
    line = changed(('instances', 1), dict(id=2, bbox=[0, 0, 64, 48],
                                          segm={'file': 'masks/1.png'}))
    lines, findings = read_line_list(tmp_path, [line])
    found = [found for found in findings if found[0] != 'caption_without_boxes']
    assert found == ([(code, FILE, 'line:1.instances[1]', 'keep')] if code else [])
    assert lines[0]['instances'][1].get('segm') == (
        None if code else {'file': 'masks/1.png'})


def test_images_are_found_by_their_other_names(tmp_path):
    write_image(tmp_path / 'images/b.jpg')
    lines, _ = read_line_list(tmp_path, [LINE], images=tmp_path / 'images')
    assert lines[0]['image']['file'] == 'b.jpg'
    assert lines[0]['image']['alt'] == ['a.jpg']
    (tmp_path / 'images/b.jpg').unlink()
    lines, findings = read_line_list(tmp_path, [LINE], images=tmp_path / 'images')
    assert ('image_missing', FILE, 'line:1', 'skip') in findings and lines == []


META = dict(format='segvg-jsonl', version='1.3', dataset='own', box='xyxy_half_open',
            splits=dict(val=dict(file=FILE, images=1, refs=3, exprs=4)))


def test_counts_are_compared_with_those_of_the_meta_file(tmp_path):
    meta = {**META, 'splits': dict(val=dict(file=FILE, images=1, refs=2, exprs=9))}
    _, findings = read_line_list(tmp_path, [LINE], meta=meta)
    assert findings[1:] == [
        ('count_mismatch', 'own.meta.json', 'splits.val.refs', 'keep'),
        ('count_mismatch', 'own.meta.json', 'splits.val.exprs', 'keep')]
    _, findings = read_line_list(tmp_path, [LINE], meta=META)
    assert len(findings) == 1


def test_categories_are_compared_with_those_of_the_meta_file(tmp_path):
    meta = {**META, 'categories': {'3': 'car'}}
    _, findings = read_line_list(tmp_path, [LINE], meta=meta)
    assert findings[0] == ('category_unknown', FILE, 'line:1.instances[0].category_id',
                           'keep')


@pytest.mark.parametrize(('change', 'code', 'message'), [
    (dict(format='coco'), 'bad_container', "expected format 'segvg-jsonl'"),
    (dict(version='2.0'), 'version_unknown', "version '2.0'"),
    (dict(box='xywh'), 'bad_type', "boxes are 'xywh'"),
    (dict(splits=None), 'missing_field', 'expected splits'),
    (dict(splits=dict(val=dict(file='../x.jsonl'))), 'missing_field', 'name of its'),
    (dict(splits=dict(val=dict(file='x.jsonl'))), 'bad_container',
     'names it, but it does not exist')])
def test_meta_file_that_cannot_be_followed_is_fatal(tmp_path, change, code, message):
    with pytest.raises(AnnotationFileError, match=message) as error:
        read_line_list(tmp_path, [LINE], meta={**META, **change})
    assert error.value.code == code


def test_leaks_are_seen_across_split_files(tmp_path):
    with CanonicalWriter(tmp_path, 'own', {}) as writer:
        for split in ('val', 'train'):
            writer.write({**LINE, 'split': split})
    lines, findings = read('canonical', tmp_path)
    assert [line['split'] for line in lines] == ['train', 'val']
    assert ('split_leak', 'own_val.jsonl', 'line:1', 'keep') in brief(findings)


def test_nothing_to_read_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match='or a folder that holds'):
        READERS['canonical']([tmp_path], ReadOptions())


def test_reading_twice_gives_the_same(tmp_path):
    with CanonicalWriter(tmp_path, 'own', {}) as writer:
        writer.write(LINE)
    source, = READERS['canonical']([tmp_path], ReadOptions())
    assert list(source.lines(Report(), ReadOptions())) == [LINE]
    assert source.read.splits()['val'] == (1, 3, 4)


def test_skipped_lines_count_as_read(tmp_path):
    other = {**changed(('image', 'id'), 'coco:2'), 'segvg': '2.0'}
    meta = {**META, 'splits': dict(val=dict(file=FILE, images=2, refs=3, exprs=8))}
    _, findings = read_line_list(tmp_path, [LINE, other], meta=meta)
    assert [found[0] for found in findings] == ['caption_without_boxes',
                                                'version_unknown']


@pytest.mark.parametrize('value', ['NaN', '-Infinity', '1e999', '9' * 400])
def test_number_that_cannot_be_written_costs_its_line_only(tmp_path, value):
    odd = json.dumps(changed(('exprs', 0, 'src'), [0, 'HERE'])).replace(
        '"HERE"', value)
    other = json.dumps(changed(('image', 'id'), 'coco:102'))
    lines, findings = read_line_list(tmp_path, [odd, other])
    assert [line['image']['id'] for line in lines] == ['coco:102']
    assert ('bad_type', FILE, 'line:1', 'skip') in findings


@pytest.mark.parametrize('split', ['a/../../.climbed', '../val', ''])
def test_split_of_a_meta_file_is_not_a_path(tmp_path, split):
    meta = dict(format='segvg-jsonl', version='1.0', splits={split: dict(file=FILE)})
    with pytest.raises(AnnotationFileError, match='not the name of a split') as error:
        read_line_list(tmp_path, [LINE], meta=meta)
    assert error.value.code == 'split_unknown'


def test_field_of_another_type_is_told_by_the_schema(tmp_path):
    line = dict(image=dict(id='own:1', file='a.jpg', width='wide', height=40),
                split='val', instances=[dict(id=1, bbox=[1, 2, 3])],
                exprs=[dict(id=1, text='a cup', targets=[0])])
    path = tmp_path / 'own_val.jsonl'
    path.write_text(json.dumps(line) + '\n', encoding='utf-8')
    report = Report()
    [source] = READERS['canonical']([path], ReadOptions())
    assert list(read_lines(source, report, ReadOptions())) == []
    told = {str(found.value) for found in report.findings}
    assert 'width: got "wide", expected pixels, a whole number above 0' in told
    assert any(text.startswith('bbox: got [1, 2, 3], expected [x1, y1, x2, y2] in '
                               'pixels') for text in told)
