"""Predictions of other programs: read, and found by their expressions."""
import json
import pickle

import pytest

from segvg.bench.predictions_file import match, read_predictions
from segvg.utils.errors import InputError

CODE = dict(size=[4, 6], counts=[24])


def write(path, *records):
    if path.suffix == '.pkl':
        path.write_bytes(pickle.dumps(list(records)))
    elif path.suffix == '.jsonl':
        path.write_text('\n'.join(map(json.dumps, records)))
    else:
        path.write_text(json.dumps(records))
    return path


def test_answers_of_every_form_are_read(tmp_path):
    records = [
        dict(expr_id=1, bbox=[1, 2, 5, 6]),
        dict(expr_id='a', bbox=[1, 2, 5, 6], score=0.5, mask=CODE),
        dict(expr_id=2, bbox=None), dict(expr_idx=3, no_target=True),
        dict(expr_id=4, targets=[dict(bbox=[1, 2, 5, 6]), dict(mask=[[0, 0, 3, 0, 3, 3]]
                                                               )], no_target_score=0.2)]
    for name in ('p.json', 'p.jsonl', 'p.pkl'):
        one, two, none, said, many = read_predictions(write(tmp_path / name, *records))
        assert one.bboxes == [[1, 2, 5, 6]] and one.scores == [1.0]
        assert one.masks == [None] and one.no_target_score == 0
        assert two.masks == [dict(rle=CODE)] and two.scores == [0.5]
        assert none.bboxes == said.bboxes == [] and none.no_target_score == 1
        assert many.bboxes == [[1, 2, 5, 6], None] and many.no_target_score == 0.2
        assert many.masks[1] == dict(poly=[[0, 0, 3, 0, 3, 3]])
        assert said.keys == dict(expr_idx=3)
    one, *_ = read_predictions(write(tmp_path / 'p.json', records[0]), 'xywh')
    assert one.bboxes == [[1, 2, 6, 8]]


@pytest.mark.parametrize('record, told', [
    ([1, 2], r'record 2 is not an object'),
    (dict(bbox=[1, 2, 5, 6]), 'record 2 has no expr_id'),
    (dict(expr_id=7), r'record 2 \(expr_id 7\) has neither bbox nor mask'),
    (dict(expr_id=7, bbox=[1, 2, 5]), r'\(expr_id 7\): bbox is \[1, 2, 5\], four'),
    (dict(expr_id=7, bbox=[1, 2, 5, float('nan')]), 'four numbers are expected'),
    (dict(expr_id=7, bbox=[9, 2, 5, 6]), 'ends before it begins; --box xywh'),
    (dict(expr_id=7, bbox=[1, 2, 5, 6], score='high'), "score is 'high'"),
    (dict(expr_id=7, mask='4b'), "mask is 4b; a run-length code"),
    (dict(expr_id=7, bbox=[1, 2, 5, 6], no_target_score='no'), 'no_target_score is'),
    (dict(expr_id=7, targets=3), 'targets is not a list'),
    (dict(expr_id=7, targets=[dict(score=1)]), 'a target with neither bbox nor mask'),
    (dict(expr_id=7, pred_instances=dict(bboxes=[[1, 2, 3, 4]], scores=[])),
     '1 boxes, 0 scores'),
    (dict(expr_id=7, pred_instances=[]), 'pred_instances has no bboxes and scores')])
def test_record_that_is_something_else_is_named(tmp_path, record, told):
    path = write(tmp_path / 'p.pkl', dict(expr_id=1, bbox=[1, 2, 5, 6]), record)
    with pytest.raises(InputError, match=told):
        read_predictions(path)


def test_files_that_are_something_else_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='none.json does not exist'):
        read_predictions(tmp_path / 'none.json')
    with pytest.raises(InputError, match='has no predictions'):
        read_predictions(write(tmp_path / 'p.json'))
    (tmp_path / 'p.json').write_text('{"expr_id": 3}')
    with pytest.raises(InputError, match='is not a list of predictions'):
        read_predictions(tmp_path / 'p.json')
    with pytest.raises(InputError, match='lie between 0 and 1; pixels'):
        read_predictions(write(tmp_path / 'p.json', dict(expr_id=1, bbox=[0, 0, 1, 1])))
    (tmp_path / 'p.jsonl').write_text('{"expr_id": 1, "bbox": null}\n{')
    with pytest.raises(InputError, match='p.jsonl, line 2 is not JSON'):
        read_predictions(tmp_path / 'p.jsonl')


def expressions(*ids):
    return [dict(expr_id=name, expr_idx=index, img_id=f'i{index}', dataset='toy',
                 split='val') for index, name in enumerate(ids)]


def read(tmp_path, *records):
    return read_predictions(write(tmp_path / 'p.json', *records))


def test_predictions_find_their_expressions(tmp_path):
    found = read(tmp_path, dict(expr_id='7', bbox=[1, 2, 5, 6]),
                 dict(expr_id=5, img_id='i2', bbox=None), dict(expr_idx=3, bbox=None))
    matched = match(found, expressions(5, 7, 5, 8, 9), tmp_path / 'p.json')
    assert {index: item.keys for index, item in matched.predictions.items()} == {
        1: dict(expr_id='7'), 2: dict(expr_id=5, img_id='i2'), 3: dict(expr_idx=3)}
    assert matched.missing == [0, 4]


def test_unknown_double_and_unclear_expressions_are_named(tmp_path):
    path = tmp_path / 'p.json'
    with pytest.raises(InputError, match=r"2 of 3 predictions of .*p.json are about "
                       r"expressions that are not in the data: 70, 'x'. The data have "
                       r'expr_id 5 \(expr_idx 0, img_id'):
        match(read(tmp_path, *(dict(expr_id=name, bbox=None) for name in (5, 70, 'x'))),
              expressions(5, 7), path)
    with pytest.raises(InputError, match='record 2 .* and .*record 1 .* are about the '
                       'same expression; several boxes go into "targets"'):
        match(read(tmp_path, *[dict(expr_id=5, bbox=None)] * 2), expressions(5), path)
    with pytest.raises(InputError, match=r'\(expr_id 5\) is about one of 2 expressi.*'
                       'Add expr_idx, the number in the annotation file'):
        match(read(tmp_path, dict(expr_id=5, bbox=None)), expressions(5, 5), path)
