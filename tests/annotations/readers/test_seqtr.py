"""The reader of SeqTR files and of the samples that Partial-RES takes from them."""
import json

import pytest

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers import READERS, ReadOptions
from tests.annotations.readers.sources import brief, exprs_of, read, write_image

FILE = 'instances.json'
POLYGON = [4, 4, 24, 4, 24, 34, 4, 34]


def entry(*expressions, **changes):
    """An entry of an object of 20 x 30 pixels."""
    return {'image_id': 101, 'height': 48, 'width': 64, 'bbox': [4, 4, 20, 30],
            'mask': [POLYGON], 'expressions': list(expressions) or ['left man'],
            **changes}


def read_entries(tmp_path, content, file=FILE, dataset='refcoco-toy', **options):
    folder = tmp_path / dataset
    folder.mkdir(exist_ok=True)
    (folder / file).write_text(json.dumps(content))
    given = folder if file == FILE else folder / file
    lines, findings = read('seqtr_json', given, **options)
    return lines, brief(findings)


def test_entries_become_refs_with_names_of_their_own(tmp_path):
    content = dict(train=[entry('left man', 'man'), entry('he', mood='calm')],
                   testA=[entry('she', image_id=102)])
    lines, findings = read_entries(tmp_path, content)
    assert findings == []
    assert [(line['split'], line['image']['id'], line['image']['file'])
            for line in lines] == [
        ('train', 'coco:101', 'COCO_train2014_000000000101.jpg'),
        ('testA', 'coco:102', 'COCO_train2014_000000000102.jpg')]
    assert lines[0]['instances'] == [dict(
        id='train[0]', bbox=[4, 4, 24, 34], iscrowd=0, segm={'poly': [POLYGON]})]
    assert lines[0]['exprs'] == [
        dict(id='train[0]#0', ref_id='train[0]', text='left man', src=[0, 0],
             targets=[0]),
        dict(id='train[0]#1', ref_id='train[0]', text='man', src=[0, 0], targets=[0]),
        dict(id='train[1]#0', ref_id='train[1]', text='he', src=[0, 1], targets=[0],
             extra={'mood': 'calm'})]


def without(name):
    """An entry that lacks a field."""
    record = entry()
    del record[name]
    return record


ENTRY_FINDINGS = dict(
    no_record=('text', 'bad_type', '', 'skip'),
    nested=([entry()], 'bad_type', '', 'skip'),
    no_image=(without('image_id'), 'missing_field', '', 'skip'),
    no_box=(without('bbox'), 'missing_field', '', 'skip'),
    no_expressions=(without('expressions'), 'missing_field', '', 'skip'),
    no_width=(without('width'), 'missing_field', '', 'skip'),
    image_text=(entry(image_id='one'), 'bad_type', '', 'skip'),
    box_text=(entry(bbox='box'), 'bad_type', '', 'skip'),
    size_zero=(entry(height=0), 'bad_type', '', 'skip'),
    silent=(entry(expressions=[]), 'ref_without_sentences', '', 'skip'),
    flat=(entry(bbox=[4, 4, 0, 30]), 'box_degenerate', '', 'skip'),
    away=(entry(bbox=[70, 4, 5, 30]), 'box_outside', '', 'skip'),
    nan=(entry(bbox=[4, 4, float('nan'), 30]), 'box_not_finite', '', 'skip'),
    border=(entry(bbox=[4, 4, 62, 30], mask=[[4, 4, 66, 4, 66, 34, 4, 34]]),
            'box_partly_outside', '', 'keep'),
    thin=(entry(bbox=[4, 4, .5, 30], mask=[[4, 4, 5, 4, 5, 34, 4, 34]]), 'box_thin',
          '', 'keep'),
    no_mask=(without('mask'), 'mask_missing', '.mask', 'keep'),
    mask_text=(entry(mask='man'), 'bad_type', '.mask', 'keep'),
    mask_part=(entry(mask=[[1, 1, 2, 2], POLYGON]), 'mask_bad_polygon', '.mask[0]',
               'keep'),
    mask_odd=(entry(mask=[[1, 1, 2]]), 'mask_bad_polygon', '.mask', 'keep'),
    mask_size=(entry(mask={'size': [64, 48], 'counts': [3072]}), 'mask_size_mismatch',
               '.mask', 'keep'),
    mask_none=(entry(mask={'size': [48, 64], 'counts': [3072]}), 'mask_empty', '.mask',
               'keep'),
    mask_away=(entry(mask=[[40, 4, 60, 4, 60, 34, 40, 34]]), 'mask_box_disagree', '',
               'keep'),
    number=(entry(7), 'bad_type', '.expressions[0]', 'skip'),
    blank=(entry(' '), 'expr_empty', '.expressions[0]', 'skip'),
    dots=(entry('...'), 'expr_empty_after_clean', '.expressions[0]', 'keep'),
    again=(entry('a', 'A.'), 'expr_duplicate_in_ref', '.expressions[1]', 'keep'),
    source=(entry(data_source='web'), 'bad_type', '', 'skip'))


@pytest.mark.parametrize('name', ENTRY_FINDINGS)
def test_finding_is_reported_at_its_entry(tmp_path, name):
    record, code, at, action = ENTRY_FINDINGS[name]
    first = entry('first', data_source='coco') if name == 'source' else entry('first')
    lines, findings = read_entries(tmp_path, dict(val=[first, record]))
    if code in ('box_degenerate', 'box_outside'):  # which its mask is not
        findings.remove(('mask_box_disagree', FILE, 'val[1]', 'keep'))
    assert findings == [(code, FILE, f'val[1]{at}', action)]
    assert len(exprs_of(lines)) > 1 if action == 'keep' else len(exprs_of(lines)) == 1


def test_set_without_masks_misses_none(tmp_path):
    lines, findings = read_entries(tmp_path, dict(val=[without('mask')]))
    assert findings == [] and 'segm' not in lines[0]['instances'][0]
    _, findings = read_entries(tmp_path, dict(val=[without('mask')]), need_mask=True)
    assert findings == [('mask_missing', FILE, 'val[0]', 'skip')]


def test_same_words_for_another_box_are_ambiguous(tmp_path):
    content = dict(val=[entry('man'), entry('Man!'), entry('man', bbox=[4, 4, 19, 29])])
    lines, findings = read_entries(tmp_path, content)
    assert findings == [('expr_ambiguous', FILE, 'val[2].expressions[0]', 'keep')]
    assert [expr['targets'] for expr in exprs_of(lines)] == [[0], [0], [1]]


def test_splits_are_named_as_in_the_file(tmp_path):
    content = dict(train=[entry()], val_refcoco_unc=[entry()], testB=[entry()],
                   test=[entry()], validation=[entry(image_id=102)], later=[entry()],
                   val=7)
    lines, findings = read_entries(tmp_path, content)
    assert findings == [
        ('split_alias', FILE, 'val_refcoco_unc', 'keep'),
        ('split_leak', FILE, 'val_refcoco_unc[0]', 'keep'),
        ('split_leak', FILE, 'testB[0]', 'keep'),
        ('split_alias', FILE, 'validation', 'keep'),
        ('split_unknown', FILE, 'later', 'skip'), ('bad_type', FILE, 'val', 'skip')]
    assert [(line['split'], line['exprs'][0]['id']) for line in lines] == [
        ('train', 'train[0]#0'), ('val_refcoco_unc', 'val_refcoco_unc[0]#0'),
        ('testB', 'testB[0]#0'), ('test', 'test[0]#0'), ('val', 'validation[0]#0')]


def test_leak_is_seen_as_read(tmp_path):
    content = dict(train=[entry(expressions=[])], val=[entry()])
    _, findings = read_entries(tmp_path, content)
    assert ('split_leak', FILE, 'val[0]', 'keep') in findings


def test_split_of_a_known_set_that_it_should_not_have_is_kept(tmp_path):
    _, findings = read_entries(tmp_path, dict(test=[entry()]), dataset='refcoco-unc')
    assert findings == [('split_unexpected', FILE, 'test', 'keep')]


def test_collection_of_each_entry_gives_its_image(tmp_path):
    names = dict(coco='mscoco/train2014/COCO_train2014_000000000101.jpg',
                 vg='visual-genome/101.jpg', saiaprtc12='saiaprtc12/101.jpg',
                 flickr='flickr30k/101.jpg')
    for name in names.values():
        write_image(tmp_path / 'images' / name)
    content = dict(train=[{**without('mask'), 'data_source': name} for name in names])
    lines, findings = read_entries(tmp_path, content, images=tmp_path / 'images')
    assert findings == []
    assert [line['image']['id'] for line in lines] == [
        'coco:101', 'vg:101', 'saiapr:101', 'flickr30k:101']
    assert [line['image']['file'] for line in lines] == list(names.values())
    assert 'extra' not in exprs_of(lines)[0]


@pytest.mark.parametrize(('dataset', 'image_id'), [
    ('flickr30k', 'flickr30k:101'), ('referitgame-berkeley', 'saiapr:101'),
    ('refcocog-umd', 'coco:101')])
def test_collection_of_a_set_is_told_from_its_name(tmp_path, dataset, image_id):
    lines, _ = read_entries(tmp_path, dict(val=[entry()]), dataset=dataset)
    assert lines[0]['image']['id'] == image_id


def test_image_files_are_looked_at(tmp_path):
    write_image(tmp_path / 'COCO_train2014_000000000101.jpg', 60, 48)
    _, findings = read_entries(tmp_path, dict(val=[entry(), entry('x', image_id=102)]),
                               images=tmp_path)
    assert findings == [('image_size_mismatch', FILE, 'val[0]', 'keep'),
                        ('image_missing', FILE, 'val[1]', 'skip')]


def test_image_has_the_size_that_it_had_first(tmp_path):
    lines, findings = read_entries(tmp_path, dict(val=[
        entry(), entry('he', width=50, mask={'size': [48, 50], 'counts': [1, 2399]})]))
    assert findings == [('image_size_mismatch', FILE, 'val[1]', 'keep'),
                        ('mask_size_mismatch', FILE, 'val[1].mask', 'keep')]
    assert lines[0]['image']['width'] == 64


def test_sample_marks_what_is_not_in_the_whole_file(tmp_path):
    whole = dict(train=[entry('a'), entry('b')], val=[entry('c', image_id=102)])
    read_entries(tmp_path, whole)
    picked = dict(train=[entry('a'), entry('b', mask=[[5, 5, 24, 5, 24, 34]])],
                  val=[entry('c', image_id=102, height=49)])
    file = 'instances_sample_5_bbox_pick.json'
    lines, findings = read_entries(tmp_path, picked, file)
    assert findings == []
    assert [expr.get('pseudo') for expr in exprs_of(lines)] == [None, True, None]
    source, = READERS['seqtr_json']([tmp_path / 'refcoco-toy' / file], ReadOptions())
    assert source.name == 'seqtr_refcoco_toy_sample_5_bbox_pick'
    assert [path.name for path in source.files] == [file, FILE]


def test_pseudo_labels_cannot_be_told_without_the_whole_file(tmp_path):
    lines, _ = read_entries(tmp_path, dict(train=[entry()]), 'instances_sample_5.json')
    assert 'pseudo' not in exprs_of(lines)[0]
    with pytest.raises(AnnotationFileError, match='instances.json is not beside it'):
        read_entries(tmp_path, dict(train=[]), 'instances_sample_5_bbox_pick.json')
    with pytest.raises(AnnotationFileError, match='expected an object with a list'):
        (tmp_path / 'refcoco-toy' / FILE).write_text('[]')
        read_entries(tmp_path, dict(train=[]), 'instances_sample_5.json')


def test_folders_and_files_are_found(tmp_path):
    for folder in ('refcoco-unc', 'mixed'):
        for name in (FILE, 'instances_sample_5.json'):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / name).write_text('{}')
    find = READERS['seqtr_json']
    assert [found.name for found in find([tmp_path], ReadOptions())] == [
        'seqtr_mixed', 'seqtr_refcoco_unc']
    (tmp_path / 'mixed' / FILE).unlink()
    assert [found.name for found in find([tmp_path / 'mixed'], ReadOptions())] == [
        'seqtr_mixed_sample_5']
    (tmp_path / 'none').mkdir()
    with pytest.raises(FileNotFoundError, match='has no instances.json'):
        find([tmp_path / 'none'], ReadOptions())
    with pytest.raises(FileNotFoundError, match='does not exist'):
        find([tmp_path / 'nothing'], ReadOptions())


def test_file_that_is_no_object_cannot_be_read(tmp_path):
    with pytest.raises(AnnotationFileError, match='expected an object of splits'):
        read_entries(tmp_path, [entry()])


def test_entry_without_a_source_is_of_the_set_of_its_folder(tmp_path):
    content = dict(val=[entry('left man', data_source='coco'), entry('man')])
    lines, findings = read_entries(tmp_path, content)
    assert findings == [('missing_field', FILE, 'val[1]', 'keep')]
    assert [expr['text'] for expr in exprs_of(lines)] == ['left man', 'man']
    assert {line['image']['id'] for line in lines} == {'coco:101'}


def test_images_of_an_own_set_are_not_those_of_coco(tmp_path):
    content = dict(val=[entry(bbox=[4, 4, 24, 34])])
    (line,), _ = read_entries(tmp_path, content, dataset='mine', box='xyxy')
    assert (line['image']['id'], line['image']['file']) == ('file:101.jpg', '101.jpg')
    assert line['instances'][0]['bbox'] == [4, 4, 24, 34]
    (line,), _ = read_entries(tmp_path, content, dataset='mine',
                              image_name='shot_{}.png')
    assert line['image']['file'] == 'shot_101.png'
    (line,), _ = read_entries(tmp_path, content, dataset='mine', images_are='coco')
    assert line['image']['id'] == 'coco:101'
