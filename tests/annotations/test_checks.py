"""The report: counts, file, table, when it stops."""
import json

import pytest

from segvg.annotations.checks import CODES, BadRecordError, Check, Place, Report

REF = Place('refs(unc).p', 'refs[3]')


def test_finding_is_kept_with_its_place_and_ids():
    report = Report()
    report.add('expr_empty', REF.child('.sentences[1]'), 'skip', value='', image_id=101,
               ref_id=5, expr_id=30)
    finding, = report.findings
    assert finding._asdict() == dict(
        code='expr_empty', severity='error', file='refs(unc).p',
        at='refs[3].sentences[1]', image_id=101, ref_id=5, expr_id=30, value='',
        action='skip')


def test_place_of_a_part_continues_the_place():
    assert Place('a').child('.b').child('[2]') == Place('a', 'b[2]')
    assert Place('a').child('[2]').at == '[2]' and str(Place('a')) == 'a'


@pytest.mark.parametrize(('action', 'severity'), [
    ('keep', 'note'), ('skip', 'error'), ('box_dropped', 'error'), ('fatal', 'fatal')])
def test_severity_follows_the_action(action, severity):
    report = Report()
    report.add('box_thin', REF, action)
    assert report.findings[0].severity == severity


def test_report_file_has_one_object_a_line(tmp_path):
    path = tmp_path / 'new' / 'own.report.jsonl'
    report = Report(path=path)
    report.add('box_thin', REF, value=[1, 2])
    report.add('dangling_ann', REF, 'skip', value=REF)
    report.close()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line['code'], line['action']) for line in lines] == [
        ('box_thin', 'keep'), ('dangling_ann', 'skip')]
    assert set(lines[0]) == {'code', 'severity', 'file', 'at', 'image_id', 'ref_id',
                             'expr_id', 'value', 'action'}
    assert report.findings == []


def test_report_without_findings_is_an_empty_file(tmp_path):
    report = Report(path=tmp_path / 'own.report.jsonl')
    report.close()
    assert report.path.read_text() == '' and report.table() == 'no problems found'


def test_table_counts_codes_and_shows_the_first_places():
    report = Report()
    for number in range(5):
        report.add('box_thin', Place('a.json', f'annotations[{number}]'))
    report.add('expr_empty', REF, 'skip')
    head, thin, empty = report.table().splitlines()
    assert head.split()[:2] == ['problem', 'count']
    assert thin.split()[:2] == ['box_thin', '5'] and CODES['box_thin'] in thin
    assert 'annotations[2]' in thin and 'annotations[3]' not in thin
    assert empty.endswith('refs(unc).p refs[3]')


def test_raise_stops_at_the_first_that_costs_something_and_names_the_flag():
    report = Report(on_bad='raise')
    report.add('box_thin', REF)
    with pytest.raises(BadRecordError) as error:
        report.add('box_degenerate', REF, 'skip', value=[1, 2, 1, 4])
    assert str(error.value) == (
        'refs(unc).p refs[3]: box_degenerate (box without width or height: '
        '[1, 2, 1, 4]); --on-bad skip leaves such records out and continues')
    assert report.counts['box_degenerate'] == 1


def test_max_bad_stops_when_exceeded():
    report = Report(max_bad=2)
    for action in ('skip', 'keep', 'box_dropped'):
        report.add('box_degenerate', REF, action)
    with pytest.raises(BadRecordError, match='problem 3, more than --max-bad 2'):
        report.add('box_degenerate', REF, 'skip')


def test_unknown_words_are_errors():
    with pytest.raises(KeyError, match='no_such_code'):
        Report().add('no_such_code', REF)
    with pytest.raises(KeyError, match="'repair'"):
        Report().add('box_thin', REF, 'repair')
    with pytest.raises(ValueError, match="on_bad is 'skip' or 'raise', not 'stop'"):
        Report(on_bad='stop')


def test_levels_include_those_before():
    assert Check.NONE < Check.FAST < Check.IMAGES < Check.FULL


def test_first_losses_are_shown_with_what_was_found():
    report = Report()
    report.add('box_thin', Place('a.csv', 'line:1'), value='0.5')
    for number in range(5):
        report.add('bad_type', Place('a.csv', f'line:{number}'), 'skip', value='x')
    assert report.left_out() == [
        f'left out: a.csv line:{number}: a field has another type (x)'
        for number in range(3)]
