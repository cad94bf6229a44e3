"""Cards are written, read, compared, and refused where they mean different things."""
import json

import numpy as np
import pytest

from segvg.bench.card import CardError, read_card, read_rows, write_card
from segvg.bench.compare import (
    Cell,
    as_json,
    as_markdown,
    as_text,
    compare_cards,
    score_text,
)
from segvg.bench.statistics import Interval
from tests.tools.running import run_tool, tool_error

SCORE = 'rec/acc@0.5'


def rows_of(count: int = 40) -> list[dict]:
    return [dict(dataset='toy', split='val', expr_idx=i, img_id=f'toy:{i // 2}',
                 expr_id=i, ref_id=i, text=f'object {i}', img_path='a.jpg',
                 size=[48, 64], targets=[[1.0, 2.0, 9.0, 9.0]],
                 bboxes=[[1.0, 2.0, 9.0, 9.0]], scores=[0.5], mask=None)
            for i in range(count)]


def make_card(path, hits, *, name='model', weights='w', seed=0, data='d', rows=None,
              more_data=None, **rule):
    terms = {SCORE: np.stack([np.asarray(hits, float), np.ones(len(hits))], 1)}
    protocol = dict(metric='BoxAccuracy', settings={}, frame='original image',
                    scores=[SCORE]) | rule
    header = dict(
        name=name, scores={SCORE: 100 * float(np.mean(hits))}, protocols=[protocol],
        data=dict(files=[dict(file='val.jsonl', sha256=data)], splits=['toy val'],
                  expressions=len(hits), images=len(hits) // 2) | (more_data or {}),
        config=dict(file=f'{name}.py', sha256='c'),
        weights=dict(sha256=weights),
        thresholds=[], seed=seed, training=None)
    write_card(path, header, terms, rows or rows_of(len(hits)))
    return path


@pytest.fixture
def pair(tmp_path):
    worse = make_card(tmp_path / 'a.json', [1, 0] * 20, name='worse', weights='a')
    better = make_card(tmp_path / 'b.json', [1, 1] * 18 + [0, 1] * 2, name='better',
                       weights='b')
    return worse, better


def compared(*paths, **kwargs):
    return compare_cards([read_card(path) for path in paths], **kwargs)


def test_card_comes_back(tmp_path):
    path = make_card(tmp_path / 'sub' / 'a.json', [1, 0, 1, 1])
    card = read_card(path)
    assert card.name == 'model' and card.images.tolist() == [0, 0, 1, 1]
    assert card.sums(SCORE).tolist() == [[1, 2], [2, 2]]
    assert read_rows(path) == rows_of(4)
    assert not list(tmp_path.rglob('*.part'))


def test_intervals_on_a_card_are_those_of_the_table(tmp_path):
    rows = rows_of()[::-1]  # their images are not in the order of their names
    path = make_card(tmp_path / 'a.json', [1, 0, 0, 1, 1] * 8, rows=rows)
    [row] = compared(path)
    found = row.cells[SCORE].value
    assert read_card(path).header['intervals'] == {SCORE: [found.low, found.high]}


def test_two_models(pair):
    rows = compared(*pair)
    assert [row.name for row in rows] == ['worse', 'better']
    first, second = (row.cells[SCORE] for row in rows)
    assert first.value.score == 50 and first.against is None
    assert second.value.score == 95 and second.value.low < 95 < second.value.high
    assert second.against.difference.score == pytest.approx(45)
    assert second.against.p < 0.01


def test_seeds_are_one_row(tmp_path, pair):
    other = make_card(tmp_path / 'c.json', [1, 1, 1, 0] * 10, name='worse', weights='c',
                      seed=1)
    rows = compared(pair[0], other, pair[1])
    assert len(rows) == 2 and len(rows[0].cards) == 2
    cell = rows[0].cells[SCORE]
    assert cell.value.score == pytest.approx(62.5) and cell.spread == (50, 75)
    assert '62.50' in as_text(rows) and '(50.0 to 75.0)' in as_markdown(rows)
    assert as_json(rows)[1]['scores'][SCORE]['against']['p'] < 0.05


@pytest.mark.parametrize('change,message', [
    (dict(data='other'), 'they score other expressions'),
    (dict(rows=rows_of(41)[1:]), 'they score other expressions'),
    (dict(frame='network'), 'rec/acc@0.5 was made by another rule'),
    (dict(settings=dict(no_target_threshold=0.3)), 'was made by another rule'),
    (dict(metric='BoxRecall'), 'was made by another rule')])
def test_other_protocols_are_refused(tmp_path, pair, change, message):
    other = make_card(tmp_path / 'c.json', [1] * 40, name='other', weights='c',
                      **change)
    with pytest.raises(CardError, match=message) as error:
        compared(pair[0], other)
    assert 'a.json' in str(error.value) and 'c.json' in str(error.value)


def test_same_weights_twice_are_refused(tmp_path, pair):
    again = make_card(tmp_path / 'c.json', [1, 0] * 20, name='worse', weights='a')
    with pytest.raises(CardError, match='are of the same weights'):
        compared(pair[0], again)


def test_one_seed_twice_is_refused(tmp_path, pair):
    """The same training, done again or an epoch later, is not a second seed."""
    again = make_card(tmp_path / 'c.json', [1, 1] * 20, name='worse', weights='c')
    with pytest.raises(CardError, match='c.json and .*a.json are both of worse trained '
                       'with seed 0, so they are not two seeds: leave one'):
        compared(pair[0], again)
    unknown = [make_card(tmp_path / f'{name}.json', [1, 1] * 20, name='old',
                         weights=name, seed=None) for name in 'de']
    assert len(compared(pair[0], *unknown)[1].cards) == 2


def test_missing_score_is_named(pair):
    with pytest.raises(CardError, match='has no res/mIoU'):
        compared(*pair, scores=['res/mIoU'])


def test_few_images_have_no_interval(tmp_path):
    """Resampling 19 images would give an interval that is too narrow."""
    paths = [make_card(tmp_path / f'{name}.json', hits, name=name, weights=name)
             for name, hits in (('a', [0] * 38), ('b', [1] * 38))]
    rows = compared(*paths)
    assert rows[0].cells[SCORE].value == Interval(0, None, None, 19)
    assert as_text(rows).splitlines()[2] == (
        'b      1      100.00 (no interval: 19 images)  '
        '+100.00 (no interval: 19 images) p 0.001')
    assert as_json(rows)[1]['scores'][SCORE]['against']['difference']['low'] is None


def test_tool(pair, tmp_path, monkeypatch, capsys):
    out = tmp_path / 'table.json'
    run_tool(monkeypatch, 'compare.py', *pair, '--json', out, '--markdown',
             tmp_path / 'table.md', '--draws', '200')
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ['model', 'seeds', SCORE]
    assert lines[2].startswith('better  1      95.00 [')
    assert len(json.loads(out.read_text())) == 2
    assert (tmp_path / 'table.md').read_text().startswith('| model | seeds |')


def test_tool_names_what_is_no_card(tmp_path, pair, monkeypatch):
    wrong = tmp_path / 'scores.json'
    wrong.write_text('{"metrics": {}}')
    message = tool_error(monkeypatch, 'compare.py', pair[0], wrong)
    assert 'is not a result card' in message
    (tmp_path / 'b.npz').unlink()
    assert 'a part of the card' in tool_error(monkeypatch, 'compare.py', *pair)


def test_seeds_stand_beside_the_interval():
    cell = Cell(Interval(50, 40, 60, 30), (45, 55), None)
    assert score_text(cell, 2, 1) == '50.0 [40.0, 60.0] (45.0 to 55.0)'
    assert score_text(cell, 1, 2) == '50.00 [40.0, 60.0]'
