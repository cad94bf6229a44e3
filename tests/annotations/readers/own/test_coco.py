"""Own COCO files: sentences in a field or in a table beside them."""
import pytest

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers import READERS, ReadOptions
from tests.annotations.readers.sources import (
    annotation,
    brief,
    exprs_of,
    image,
    read,
    write_image,
    write_json,
)


def own_image(image_id=1, name='a.jpg', **changes):
    return {**image(**changes), 'id': image_id, 'file_name': name}


def own(ann_id=7, image_id=1, **changes):
    return annotation(ann_id, image_id, **changes)


@pytest.fixture
def coco(tmp_path):
    """Write a file and read it."""
    def call(annotations, images=None, name='instances.json', categories=(), root=None,
             **options):
        path = write_json(tmp_path / name, dict(
            images=[own_image()] if images is None else images,
            annotations=annotations, categories=list(categories)))
        return read('coco', path, images=root, **options)
    return call


@pytest.mark.parametrize('field', ['caption', 'description', 'phrase', 'expression'])
def test_sentence_of_an_annotation_is_read(coco, field):
    lines, findings = coco([own(**{field: 'left man'}), own(8, **{field: 'man'},
                                                           bbox=[30, 4, 20, 30],
                                                           segmentation=[])],
                           categories=[dict(id=1, name='person')])
    assert findings == []
    line = lines[0]
    assert line['image'] == dict(id='file:a.jpg', file='a.jpg', width=64, height=48)
    assert line['split'] == 'train'
    assert [found['id'] for found in line['instances']] == [7, 8]
    assert line['instances'][0] == dict(
        id=7, bbox=[4, 4, 24, 34], category_id=1,
        segm={'poly': [[4, 4, 24, 4, 24, 34, 4, 34]]})
    assert [(expr['text'], expr['targets']) for expr in line['exprs']] == [
        ('left man', [0]), ('man', [1])]


def test_lists_of_sentences_and_further_fields_are_kept(coco):
    lines, _ = coco([own(captions=['left man', 'he'], who='anna')],
                    text_field='captions', name='own_val2017.json')
    assert [(expr['id'], expr['ref_id']) for expr in exprs_of(lines)] == [
        ('annotations[0]#0', 7), ('annotations[0]#1', 7)]
    assert exprs_of(lines)[0]['extra'] == {'who': 'anna'}
    assert lines[0]['split'] == 'val'


def test_annotation_without_sentence_is_told_and_kept_where_asked(coco):
    annotations = [own(caption='man'), own(8, bbox=[30, 4, 20, 30])]
    lines, findings = coco(annotations)
    assert brief(findings)[-1] == ('ref_without_sentences', 'instances.json',
                                   'annotations[1]', 'skip')
    assert len(lines[0]['instances']) == 1
    lines, _ = coco(annotations, all_objects=True)
    assert [found.get('ref') for found in lines[0]['instances']] == [None, False]


@pytest.mark.parametrize(('annotations', 'options', 'words'), [
    ([own()], {}, 'no annotation has caption or .* they have no field with text'),
    ([own(caption='a', phrase='b')], {}, 'caption and phrase: .* --text-field caption'),
    ([own(caption='a')], dict(text_field='title'), 'no annotation has title')])
def test_field_of_sentences_that_is_unclear_is_refused(coco, annotations, options, words
                                                       ):
    with pytest.raises(AnnotationFileError, match=words):
        coco(annotations, **options)


@pytest.mark.parametrize(('changes', 'code'), [
    (dict(caption=3), 'bad_type'), (dict(caption=' '), 'expr_empty'),
    (dict(image_id=2), 'dangling_image'), (dict(bbox=[4, 4, 20]), 'bad_type'),
    (dict(bbox=[4, 4, 0, 30]), 'box_degenerate')])
def test_annotation_that_cannot_be_used_is_told(coco, changes, code):
    lines, findings = coco([own(6, caption='dog'),
                            own(**{'caption': 'man', **changes})])
    assert len(exprs_of(lines)) == 1
    assert (code, 'instances.json', 'annotations[1]', 'skip') in brief(findings)


def test_ids_may_be_text_or_repeat(coco):
    lines, findings = coco(
        [own('7', 'x', caption='a'), own('7', 'x', caption='b', bbox=[30, 4, 20, 30])],
        [own_image('x')])
    assert [found['id'] for found in lines[0]['instances']] == [7, '7#1']
    assert [expr['targets'] for expr in exprs_of(lines)] == [[0], [1]]
    assert 'id_duplicate' in {found.code for found in findings}
    lines, findings = coco([own(caption='a')], [own_image(), own_image(1, 'b.jpg')])
    assert lines == [] and findings[0].code == 'id_duplicate'


def test_crowds_and_run_lengths_are_read(coco):
    counts = [0, 10, 48 * 64 - 10]
    lines, findings = coco([own(caption='crowd', iscrowd=1, bbox=[0, 0, 1, 10],
                                segmentation=dict(size=[48, 64], counts=counts))])
    assert lines[0]['instances'][0]['iscrowd'] == 1
    assert 'rle' in lines[0]['instances'][0]['segm']
    assert [found.code for found in findings] == ['iscrowd_target']
    _, findings = coco([own(caption='line', segmentation=[[4, 4, 24, 34]])])
    assert findings[0].code == 'mask_bad_polygon'


def test_sizes_are_read_from_images_where_the_file_has_none(coco, tmp_path):
    images = [dict(id=1, file_name='sub\\a.jpg', split='valid')]
    with pytest.raises(AnnotationFileError, match='say with --images'):
        coco([own(caption='man')], images)
    write_image(tmp_path / 'photos/sub/a.jpg')
    lines, findings = coco([own(caption='man')], images, root=tmp_path / 'photos')
    assert lines[0]['image']['file'] == 'sub/a.jpg' and lines[0]['split'] == 'val'
    assert findings == []


def test_images_of_coco_are_said(coco):
    lines, _ = coco([own(caption='man')], [own_image(1, '000000000009.jpg')],
                    images_are='coco')
    assert lines[0]['image']['id'] == 'coco:9' and lines[0]['image']['coco_id'] == 9


@pytest.fixture
def sentences(tmp_path):
    def call(*rows, header='id,sentence'):
        path = tmp_path / 'sentences.csv'
        path.write_text('\n'.join([header, *rows]))
        return path
    return call


def test_sentences_come_from_a_table(coco, sentences):
    lines, findings = coco([own(), own(8, bbox=[30, 4, 20, 30])], sentences=sentences(
        '7,left man', '7,"a man, left"', '9,lost', '8'))
    assert [expr['text'] for expr in exprs_of(lines)] == ['left man', 'a man, left']
    assert {found[:3] for found in brief(findings)} >= {
        ('dangling_ann', 'sentences.csv', 'line:4'),
        ('bad_type', 'sentences.csv', 'line:5'),
        ('ref_without_sentences', 'instances.json', 'annotations[1]')}


def test_table_whose_ids_are_unclear_is_refused(coco, sentences, tmp_path):
    lines, findings = coco([own(), own()], sentences=sentences('7,man'))
    assert lines == [] and findings[-1].code == 'id_duplicate'
    with pytest.raises(AnnotationFileError, match='no column for id'):
        coco([own()], sentences=sentences('7,man', header='nr,sentence'))
    lines, _ = coco([own()], sentences=sentences('7,man', header='nr,sentence'),
                    columns=dict(id='nr'))
    assert exprs_of(lines)[0]['text'] == 'man'
    write_json(tmp_path / 'more.json', {})
    with pytest.raises(ValueError, match='one COCO file at a time'):
        READERS['coco']([tmp_path], ReadOptions(sentences=sentences('7,man')))
