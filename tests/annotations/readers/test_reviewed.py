"""Reviewed labels are joined to expressions by image, box and caption."""
import pytest

from segvg.annotations.checks import Report
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers.base import Context, ReadOptions
from segvg.annotations.readers.reviewed import (
    ReviewedLabels,
    find_reviewed,
    reviewed_dataset,
)
from tests.annotations.readers.sources import (
    brief,
    ref,
    sentence,
    write_json,
    write_refer,
)
from tools import prepare_data

FILE = 'refcoco_val_reviewed.json'


def label(caption='left man', quality=1, **changes):
    return {'caption': caption, 'caption_quality': quality, 'image_id': 101,
            'bbox': [4, 4, 20, 30], **changes}


def line(*texts, split='val', bbox=(4, 4, 24, 34), **changes):
    return dict(image=dict(id='coco:101'), split=split, instances=[dict(bbox=bbox)],
                exprs=[dict(text=text, targets=[0], **changes) for text in texts])


def attach(tmp_path, labels, one_line):
    """``reviewed_ok`` of the expressions, and the findings."""
    report = Report()
    path = write_json(tmp_path / 'a' / FILE, {'annotation': labels})
    labels = ReviewedLabels(Context(report, ReadOptions()), [path], tmp_path)
    found = labels.attach(one_line)
    return [expr.get('reviewed_ok') for expr in found['exprs']], brief(report.findings)


def test_labels_say_which_expressions_are_right(tmp_path):
    labels = [label('left man', 1), label('He', 0), label('who', True, bbox=None)]
    marks, findings = attach(tmp_path, labels, line('Left man!', 'he', 'it'))
    assert marks == [True, False, None]
    assert findings == [('bad_type', f'a/{FILE}', 'annotation[2].bbox', 'keep')]


@pytest.mark.parametrize(('one_label', 'marks'), [
    (label(), [True]), (label(bbox=[4.4, 4, 20, 30]), [True]),
    (label(bbox=[40, 4, 20, 30]), [None]), (label(image_id=102), [None]),
    (label(image_id='coco_101'), [True]), (label('right man'), [None]),
    ({'caption': 'left man', 'caption_quality': 0,
      'file_name': 'COCO_train2014_000000000101.jpg'}, [False]),
    ({'caption': 'left man', 'caption_quality': 0}, [None])])
def test_all_that_a_label_says_must_fit(tmp_path, one_label, marks):
    assert attach(tmp_path, [one_label], line('left man')) == (marks, [])


def test_cleaned_text_and_split_are_compared(tmp_path):
    one = line('Left guy', sent='left man')
    assert attach(tmp_path, [label()], one)[0] == [True]
    assert attach(tmp_path, [label()], line('left man', split='testA'))[0] == [None]


@pytest.mark.parametrize(('record', 'code', 'place'), [
    ({'caption': 'he'}, 'quality_missing', ''),
    (label(quality=None), 'quality_missing', ''),
    (label(quality='good'), 'bad_type', '.caption_quality'),
    ({'caption_quality': 1}, 'missing_field', ''), (label(caption=3), 'bad_type', ''),
    ('text', 'bad_type', '')])
def test_finding_of_a_label(tmp_path, record, code, place):
    marks, findings = attach(tmp_path, [label('he'), record], line('left man'))
    assert marks == [None]
    assert findings == [(code, f'a/{FILE}', f'annotation[1]{place}', 'keep')]


@pytest.mark.parametrize('content', [[], {}, {'annotation': {}}])
def test_file_of_another_shape_is_an_error(tmp_path, content):
    path = write_json(tmp_path / FILE, content)
    with pytest.raises(AnnotationFileError, match='a list called annotation'):
        ReviewedLabels(Context(Report(), ReadOptions()), [path], tmp_path)


def test_files_are_told_by_their_names(tmp_path):
    for name in ('refcoco+_testA', 'refcocog_test', 'own_val'):
        write_json(tmp_path / 'a' / f'{name}_reviewed.json', {})
    assert [reviewed_dataset(path) for path in find_reviewed(tmp_path)] == [
        'refcoco_plus', 'refcocog']


def test_option_of_the_tool_marks_expressions_of_any_format(tmp_path):
    write_refer(tmp_path / 'refcoco', [ref(1, sentences=[
        sentence(1, 'left man'), sentence(2, 'he')])])
    write_json(tmp_path / 'labels' / FILE, {'annotation': [label(quality=0)]})
    assert prepare_data.main([
        'refer_refcoco', str(tmp_path / 'refcoco'), '--out', str(tmp_path / 'out'),
        '--reviewed', str(tmp_path / 'labels'), '--allow-count-mismatch']) == 0
    written = (tmp_path / 'out/refcoco_unc_val.jsonl').read_text()
    assert written.count('"reviewed_ok":false') == 1
