"""The reader of MDETR captions: Flickr30k and mixed files."""
import pytest

from tests.annotations.readers.mdetr_sources import (
    FLICKR,
    MIXED,
    at,
    caption,
    entry,
    flickr_box,
    read_entries,
    without,
)
from tests.annotations.readers.sources import exprs_of


def test_flickr_phrases_are_the_evaluated_ones(tmp_path):
    lines, findings = read_entries(
        tmp_path, FLICKR, [caption(evaluated=((10, 18), (0, 5)))],
        [flickr_box(tokens_positive=[[10, 18], [6, 9]]),
         flickr_box(1, bbox=[25, 10, 0, 0], area=0, tokens_positive=[[0, 5], [10, 18]]),
         flickr_box(2, tokens_positive=[[2, 5]])],
        [dict(id=1, name='object')])
    assert at(findings, FLICKR) == [
        ('span_not_evaluated', 'annotations[0].tokens_positive[1]', 'keep'),
        ('span_not_evaluated', 'annotations[2].tokens_positive[0]', 'keep')]
    assert [(found['id'], found['bbox']) for found in lines[0]['instances']] == [
        (0, [0, 0, 20, 30]), (1, [24, 9, 25, 10]), (2, [0, 0, 20, 30])]
    assert 'category_id' not in lines[0]['instances'][0]
    assert lines[0]['image'] == dict(id='flickr30k:1001', file='1001.jpg', width=60,
                                     height=40)
    expr = lines[0]['exprs'][0]
    assert expr['caption'] and expr['targets'] == [0, 1, 2]
    assert expr['phrases'] == [dict(span=[[10, 18]], targets=[0, 1]),
                               dict(span=[[0, 5]], targets=[1])]
    assert expr['extra']['sentence_id'] == 3


def test_useless_boxes_of_a_caption_are_dropped(tmp_path):
    lines, findings = read_entries(
        tmp_path, FLICKR, [caption(evaluated=((0, 5), (10, 18)))],
        [flickr_box(bbox=[9, 9, -2, 5]), flickr_box(1, tokens_positive=[[10, 18]])])
    assert at(findings, FLICKR) == [
        ('area_mismatch', 'annotations[0]', 'keep'),
        ('box_degenerate', 'annotations[0]', 'box_dropped'),
        ('phrase_unboxed', 'images[0].tokens_positive_eval[0]', 'phrase_dropped')]
    assert [found['id'] for found in lines[0]['instances']] == [1]
    assert exprs_of(lines)[0]['phrases'] == [dict(span=[[10, 18]], targets=[0])]


@pytest.mark.parametrize(('evaluated', 'code', 'place', 'action'), [
    (['0-5'], 'bad_type', '.tokens_positive_eval[0]', 'phrase_dropped'),
    ([[[0, 99]]], 'span_out_of_range', '.tokens_positive_eval[0][0]', 'keep'),
    ([[[3, 3]]], 'span_empty', '.tokens_positive_eval[0][0]', 'keep'),
    ('0-5', 'bad_type', '', 'skip')])
def test_evaluated_spans_are_checked(tmp_path, evaluated, code, place, action):
    _, findings = read_entries(
        tmp_path, FLICKR, [caption(tokens_positive_eval=evaluated)], [flickr_box()])
    assert (code, f'images[0]{place}', action) in at(findings, FLICKR)


def test_captions_without_evaluated_spans_are_skipped(tmp_path):
    record = without(caption(), 'tokens_positive_eval')
    _, findings = read_entries(tmp_path, FLICKR, [record], [flickr_box()])
    assert ('missing_field', 'images[0]', 'skip') in at(findings, FLICKR)


def test_captions_may_repeat_and_mean_several_things(tmp_path):
    _, findings = read_entries(
        tmp_path, FLICKR, [caption(), caption(1)],
        [flickr_box(), flickr_box(1, 1, bbox=[5, 5, 19, 29])])
    assert findings == []


def test_mixed_phrases_are_lists_of_equal_spans(tmp_path):
    images = [entry(0, 'left man. a dog', original_id=-1),
              entry(1, 'a lamp', original_id=-1, file_name='2001.jpg', height=40)]
    boxes = [flickr_box(0, tokens_positive=[[12, 15], [5, 8]], bbox=[4, 4, 19, 29]),
             flickr_box(1, tokens_positive=[[5, 8]]),
             flickr_box(2, tokens_positive=[[5, 8], [12, 15]]),
             flickr_box(3, bbox=[99, 1, 2, 2], area=4, tokens_positive=[[0, 4]])]
    lines, findings = read_entries(tmp_path, MIXED, images, boxes)
    assert at(findings, MIXED) == [('box_outside', 'annotations[3]', 'box_dropped'),
                                   ('caption_without_boxes', 'images[1]', 'keep')]
    assert [line['image']['id'] for line in lines] == ['coco:101', 'vg:2001']
    assert lines[0]['exprs'][0]['phrases'] == [
        dict(span=[[5, 8], [12, 15]], targets=[0, 2]), dict(span=[[5, 8]], targets=[1]),
        dict(span=[[0, 4]], targets=[])]
