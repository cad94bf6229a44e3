"""The R-RefCOCO dialect: sentences that describe nothing."""
import pytest

from segvg.annotations.checks import Report
from segvg.annotations.conversion import convert
from segvg.annotations.readers import READERS, ReadOptions
from tests.annotations.readers.sources import (
    annotation,
    brief,
    exprs_of,
    image,
    read,
    ref,
    sentence,
    write_refer,
)

REFS = 'refs(unc).p'


def said(sent_id, exist, raw=None):
    """A sentence with a flag."""
    return sentence(sent_id, raw or f'text {sent_id}', exist=exist)


def read_rref(tmp_path, refs, annotations=None, **options):
    folder = write_refer(tmp_path / 'own', refs, [image(), image(102)], annotations)
    lines, findings = read('rrefcoco', folder, **options)
    return lines, brief(findings)


def test_false_sentence_has_no_target(tmp_path):
    refs = [ref(sentences=[said(1, True), said(2, False), said(3, 1), said(4, 0)])]
    lines, findings = read_rref(tmp_path, refs)
    assert findings == []
    assert [(expr['targets'], expr.get('negative_of')) for expr in exprs_of(lines)] == [
        ([0], None), ([], 7001), ([0], None), ([], 7001)]
    assert not any('extra' in expr for expr in exprs_of(lines))


@pytest.mark.parametrize('flag', ['False', None, 2, 1.0, []])
def test_flag_of_another_type_costs_the_sentence(tmp_path, flag):
    refs = [ref(sentences=[said(1, True), said(2, flag)])]
    lines, findings = read_rref(tmp_path, refs)
    assert findings == [('exist_bad_type', REFS, 'refs[0].sentences[1]', 'skip')]
    assert [expr['id'] for expr in exprs_of(lines)] == [1]


def test_sentence_without_a_flag_is_true(tmp_path):
    lines, findings = read_rref(tmp_path, [ref(sentences=[sentence(1)])])
    assert findings == [('exist_missing', REFS, 'refs[0].sentences[0]', 'keep')]
    assert exprs_of(lines)[0]['targets'] == [0]


def test_false_sentences_need_no_annotation(tmp_path):
    refs = [ref(1, 9, sentences=[said(1, False), said(2, False)]),
            ref(2, 8, sentences=[said(3, True), said(4, False), sentence(5)])]
    lines, findings = read_rref(tmp_path, refs)
    assert sorted(findings) == [
        ('dangling_ann', REFS, 'refs[0]', 'keep'),
        ('dangling_ann', REFS, 'refs[1].sentences[0]', 'skip'),
        ('dangling_ann', REFS, 'refs[1].sentences[2]', 'skip'),
        ('exist_missing', REFS, 'refs[1].sentences[2]', 'keep')]
    assert [(expr['id'], expr['negative_of']) for expr in exprs_of(lines)] == [
        (1, 9), (2, 9), (4, 8)]
    assert lines[0]['instances'] == []


@pytest.mark.parametrize(('changes', 'code'), [
    (dict(bbox=[4, 4, 0, 5]), 'box_degenerate'),
    (dict(image_id=102), 'ann_image_mismatch')])
def test_useless_object_costs_the_true_sentences(tmp_path, changes, code):
    lines, findings = read_rref(
        tmp_path, [ref(sentences=[said(1, True), said(2, False)])],
        [annotation(segmentation=[], area=0, **changes)])
    assert [found for found in findings if found[0] == code] == [
        (code, REFS, 'refs[0].sentences[0]', 'skip')]
    assert [expr['id'] for expr in exprs_of(lines)] == [2]


def test_image_is_needed_by_all(tmp_path):
    lines, findings = read_rref(tmp_path, [ref(image_id=9, sentences=[said(1, False)])])
    assert ('dangling_image', REFS, 'refs[0]', 'skip') in findings and lines == []


def test_words_that_are_true_of_one_and_false_of_another_are_ambiguous(tmp_path):
    refs = [ref(1, sentences=[said(1, True, 'a man'), said(2, False, 'A man.')]),
            ref(2, 7002, sentences=[said(3, False, 'a dog'), said(4, True)]),
            ref(3, 7003, sentences=[said(5, False, 'a dog'), said(6, True)])]
    _, findings = read_rref(tmp_path, refs, [annotation(number) for number in (
        7001, 7002, 7003)])
    assert findings == [
        ('expr_duplicate_in_ref', REFS, 'refs[0].sentences[1]', 'keep'),
        ('expr_ambiguous', REFS, 'refs[0].sentences[1]', 'keep')]


def test_shared_objects_are_noted(tmp_path):
    refs = [ref(1, sentences=[said(1, True)]), ref(2, sentences=[said(2, False)])]
    assert read_rref(tmp_path, refs)[1] == [
        ('ann_shared_by_refs', REFS, 'refs[1]', 'keep')]


def test_object_of_false_sentences_is_an_other_object(tmp_path):
    lines, _ = read_rref(tmp_path, [ref(sentences=[said(1, False)])], all_objects=True)
    assert [instance['ref'] for instance in lines[0]['instances']] == [False]


def test_sizes_are_those_of_true_sentences(tmp_path):
    folder = write_refer(tmp_path / 'rrefcoco', [
        ref(split='testB', sentences=[said(1, True), said(2, False)])])
    source, = READERS['rrefcoco']([folder], ReadOptions())
    report = Report()
    meta = convert(source, tmp_path / 'out', report, ReadOptions())
    assert meta['splits']['testB']['read']['exprs'] == 2
    assert '1 instead of 5095' in [found.value for found in report.findings]
    again, = READERS['canonical']([tmp_path / 'out'], ReadOptions())
    convert(again, tmp_path / 'again', report, ReadOptions())
    assert report.findings[-1].value == '1 instead of 5095'
