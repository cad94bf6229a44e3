"""Pages through data sets and result cards."""
import json

import pytest

from segvg.bench.card import CardError
from segvg.demo.browse import CardBrowser, DataBrowser
from tests.bench.test_compare import make_card
from tests.toy import make_data


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp('toy') / 'data')


def test_images_have_all_their_sentences(data):
    browser = DataBrowser(data / 'toy_val.jsonl', data / 'images')
    assert browser.groups == {'all images': 4}
    view = browser.show('all images', 1)
    assert view.picture.shape == (336, 420, 3)
    assert view.html.count('class="text"') == 3 and 'left box' in view.html
    assert 'with mask' in view.html and 'score' not in view.html
    assert 'val_1.png: 60 x 48 pixels, toy val' in view.html


def test_phrases_of_captions_are_colored(data):
    view = DataBrowser(data / 'captions_val.jsonl', data / 'images').show('', 0)
    assert view.html.count('<mark') == 2


def test_missing_image_is_told(data, tmp_path):
    view = DataBrowser(data / 'toy_val.jsonl', tmp_path).show('all images', 0)
    assert view.picture is None and 'does not exist' in view.html


def test_answers_of_a_card_are_grouped_by_what_they_were(data, tmp_path):
    rows, hits = [], []
    for line in map(json.loads, (data / 'toy_val.jsonl').read_text().splitlines()):
        target = line['instances'][0]['bbox']
        for number, box in enumerate((target, [0, 0, 1, 1])):
            rows.append(dict(
                dataset='toy', split='val', expr_idx=len(rows), expr_id=number,
                img_id=line['image']['id'], ref_id=0, text='the <b>box</b>',
                img_path=line['image']['file'], size=[48, 60], targets=[target],
                bboxes=[box], scores=[0.5 + len(rows) / 100], mask=None,
                no_target_score=None))
            hits.append(number == 0)
    card = make_card(tmp_path / 'made.json', hits, rows=rows, more_data=dict(
        files=[dict(file='toy_val.jsonl', sha256='d')], root='data'))
    browser = CardBrowser(card, data)
    assert list(browser.groups.items()) == [('background', 4), ('right', 4)]
    first, last = (browser.show('background', index) for index in (0, 3))
    assert 'score 0.57' in first.html and 'score 0.51' in last.html
    assert 'IoU 0.0' in first.html and '&lt;b&gt;box' in first.html
    assert first.picture.shape == (336, 420, 3)
    rows[1]['img_path'] = '/etc/passwd'
    moved = make_card(tmp_path / 'moved.json', hits, rows=rows, more_data=dict(
        files=[dict(file='toy_val.jsonl', sha256='d')], root='data'))
    assert CardBrowser(moved, data).show('background', 3).picture is None
    with pytest.raises(CardError, match='no_card.json'):
        CardBrowser(tmp_path / 'no_card.json', data)
