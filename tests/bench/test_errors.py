"""Kinds of errors, groups, and the page."""
import json

import pytest

from segvg.annotations.canonical import CanonicalFile, CanonicalWriter
from segvg.bench.error_page import failures
from segvg.bench.errors import KINDS, Case, Object, Verdict, judge, summary, table_of
from segvg.bench.sentence_kinds import kind_by_words, length_of, made_kinds
from segvg.synthref.generate import generate
from tests.bench.test_compare import make_card
from tests.tools.running import run_tool, tool_error
from tests.visualization.test_pages import EVIL

OBJECTS = [Object((0, 0, 10, 10), 1, 1), Object((20, 0, 30, 10), 1, 2),
           Object((0, 20, 10, 30), 2, 3)]


def answer(*boxes, targets=((0, 0, 10, 10), )) -> dict:
    return dict(targets=[list(box) for box in targets], bboxes=[list(b) for b in boxes],
                scores=[1 - 0.1 * i for i in range(len(boxes))])


@pytest.mark.parametrize('row,credit,kind', [
    (answer((0, 0, 10, 9)), 1.0, 'right'),
    (answer((0, 0, 10, 4)), 0.0, 'localization error'),
    (answer((0, 0, 10, 1)), 0.0, 'localization error'),  # IoU 0.1
    (answer((21, 0, 30, 10), (0, 0, 10, 10)), 0.0, 'wrong instance'),
    (answer((0, 21, 10, 30)), 0.0, 'wrong instance'),
    (answer((0, 26, 10, 30)), 0.0, 'both errors'),
    (answer((50, 50, 60, 60)), 0.0, 'background'),
    (answer((0, 0, 10, 0.9)), 0.0, 'background'),
    (answer(), 0.0, 'missed'),
    (answer((0, 0, 10, 10), targets=()), 0.0, 'false positive'),
    (answer(targets=()), 1.0, 'right'),
    (answer((0, 0, 30, 10), targets=((0, 0, 10, 10), (20, 0, 30, 10))), 0.4,
     'incomplete'),
    (answer((0, 0, 30, 10), targets=((0, 0, 10, 10), (20, 0, 30, 10))), 0.6, 'right')])
def test_kind_of_error(row, credit, kind):
    assert judge(row, OBJECTS, credit).kind == kind


def test_wrong_instance_is_of_the_same_or_another_class():
    near, far = answer((20, 0, 30, 10)), answer((0, 20, 10, 30))
    assert judge(near, OBJECTS, 0.0) == Verdict('wrong instance', 0.0, 'same class')
    assert judge(far, OBJECTS, 0.0).other == 'another class'
    nameless = [item._replace(category=None) for item in OBJECTS]
    assert judge(far, nameless, 0.0).other == 'unknown class'
    # the target's own annotation is not another instance, nor is it needed
    assert judge(answer((0, 0, 10, 9), targets=((0, 0, 10, 4), )),
                 [Object((0, 0, 10, 4), 1, 1)], 0.0).kind == 'localization error'
    assert judge(answer((0, 5, 10, 15)), [], 0.0).iou == pytest.approx(1 / 3)


@pytest.mark.parametrize('text,kind', [
    ('the second man from the left', 'ordinal'), ('woman holding a cup', 'relation'),
    ('guy on left', 'spatial'), ('cup on table', 'relation'),
    ('left guy', 'spatial'), ('Red shirt', 'attribute'),
    ('zebra', 'plain'), ('the infrared camera', 'plain')])
def test_kind_of_a_real_sentence(text, kind):
    assert kind_by_words(text) == kind


def test_kinds_of_sentences_that_were_made_are_read_from_their_file(tmp_path):
    exprs = [dict(id=1, text='the cat', targets=[], extra=dict(kind='only')),
             dict(id='x', text='the dog', targets=[], extra=dict(kind='only')),
             dict(id=2, text='the cow', targets=[], extra=dict(kind=5)),
             dict(id=3, text='the bus', targets=[])]
    with CanonicalWriter(tmp_path, 'farm', {}) as writer:
        writer.write(dict(image=dict(id='file:1', file='a.jpg', width=1, height=1),
                          split='val', instances=[], exprs=exprs))
    assert made_kinds([CanonicalFile(tmp_path / 'farm_val.jsonl')]) == {
        ('farm', 'val'): {1: 'only'}}


def test_length_of_a_sentence():
    assert [length_of('a ' * n) for n in (3, 4, 10, 11)] == [
        '1 to 3 words', '4 to 6 words', '7 to 10 words', 'more than 10 words']


@pytest.fixture(scope='module')
def synthref(tmp_path_factory):
    root = tmp_path_factory.mktemp('synthref')
    generate(root, 'L0', 0, sizes=dict(train=2, val=8, testA=2, testB=2))
    return root


@pytest.fixture
def card(synthref, tmp_path):
    """A made-up card of SynthRef: every first answer is right, the others are far off.
    """
    lines = (synthref / 'canonical/synthref_L0_val.jsonl').read_text().splitlines()
    rows, hits = [], []
    for line in map(json.loads, lines):
        boxes = [item['bbox'] for item in line['instances']]
        for number, expression in enumerate(line['exprs']):
            target = boxes[expression['targets'][0]]
            hits.append(number == 0)
            rows.append(dict(
                dataset='synthref_L0', split='val', expr_idx=len(rows),
                img_id=line['image']['id'], expr_id=expression['id'],
                ref_id=expression['ref_id'],
                text=EVIL if number == 1 else expression['text'],
                img_path=line['image']['file'], size=[64, 64], targets=[target],
                bboxes=[target if number == 0 else [0, 0, 1, 1]], scores=[0.5],
                mask=None, no_target_score=None))
    return make_card(tmp_path / 'made.json', hits, rows=rows, more_data=dict(
        files=[dict(file='synthref_L0_val.jsonl', sha256='d')],
        splits=['synthref_L0 val'], root=str(synthref)))


def test_page_and_tables(card, synthref, tmp_path, monkeypatch, capsys):
    run_tool(monkeypatch, 'analysis_tools/analyze_errors.py', card, '--out-dir',
             tmp_path / 'out', '--num-pictures', '2', '--data-root', synthref)
    assert 'right' in capsys.readouterr().out
    found = json.loads((tmp_path / 'out/made_errors.json').read_text())
    assert found['score'] == 'rec/acc@0.5' and found['all']['count'] == 24
    assert found['all']['score'] == pytest.approx(100 / 3)
    assert sum(found['all']['errors'].values()) == pytest.approx(100)
    assert set(found['groups']) == {'sentence', 'length', 'targets', 'size',
                                    'others of its class'}
    kinds = {line['name'] for line in found['groups']['sentence']}
    assert kinds <= {'attribute', 'side'} and kinds
    for lines in found['groups'].values():
        assert sum(line['count'] for line in lines) == 24
        assert all(line['low'] is None and line['images'] <= 8 for line in lines)
    page = (tmp_path / 'out/made_errors.html').read_text()
    assert page.count('src="data:image/jpeg') in (1, 2, 3, 4)
    assert 'IoU 0.00 with the target · score 0.50' in page
    for kind, words in KINDS.items():
        assert f'<strong>{kind}</strong>' in page and words in page
    assert page.count('<script>') == 1


def test_sizes_stand_in_their_order():
    sizes = [f'{words} % of the image' for words in ('below 2', '2 to 10', 'above 10')]
    cases = [Case(dict(img_id=1), 1.0, Verdict('right'), dict(size=size))
             for size in sizes[1:] + sizes]
    assert [line['name'] for line in table_of(cases, 'size')] == sizes


def test_images_without_ids_are_told_apart_by_their_files():
    cases = [Case(dict(img_id=None, img_path=name, scores=[0.5]), 1.0,
                  Verdict('right'), {}) for name in ('a.jpg', 'a.jpg', 'b.jpg')]
    assert summary(cases)['images'] == 2
    assert [case.row['img_path'] for case in failures(cases, 'right', 3)] == [
        'a.jpg', 'b.jpg']


def test_missing_data_are_told(card, tmp_path, monkeypatch):
    message = tool_error(monkeypatch, 'analysis_tools/analyze_errors.py', card,
                         '--data-root', tmp_path / 'empty')
    assert 'synthref_L0_val.jsonl' in message and '--data-root' in message
