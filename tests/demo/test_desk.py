"""What the buttons do."""
import json
import os
import time

import pytest
from PIL import Image

from segvg.demo.browse import View
from segvg.demo.desk import KEPT, Desk
from tests.demo.made import make_model, make_photograph


class Pictures:
    """Three pictures, of which one cannot be read."""
    title = 'made'
    groups = dict(some=3)

    def show(self, group, index):
        return View(None, f'{group} {index}')


@pytest.fixture
def desk(tmp_path):
    return Desk([make_model('TokenizeExpression'),
                 make_model('TokenizeExpression', name='other')], tmp_path, Pictures())


def test_answers_are_words_a_picture_and_json(desk, tmp_path):
    photograph = str(make_photograph(tmp_path))
    shown = desk.ask(photograph, 'left box\na zebra')
    assert 'left box' in shown.html and 'not in this image' in shown.html
    with Image.open(shown.pictures[0]) as picture:
        assert picture.size == (420, 336)
    with open(shown.json) as stream:
        content = json.load(stream)
    assert [answer['no_target'] for answer in content['answers']] == [False, True]
    assert content['answers'][0]['bbox'] == [5, 10, 15, 30]


@pytest.mark.parametrize('ask', ['ask', 'compare'])
def test_wrong_requests_are_told_and_show_nothing(desk, tmp_path, ask):
    photograph = str(make_photograph(tmp_path))
    for path, typed, told in ((None, 'a', 'Choose a photograph'),
                              ('/etc/passwd', 'a', 'was not sent'),
                              (photograph, '', 'Type a sentence'),
                              (photograph, '[a] b', 'leave out the brackets')):
        shown = getattr(desk, ask)(path, typed)
        assert told in shown.html and 'class="error"' in shown.html
        assert shown.json is None and not any(shown.pictures)
        assert len(shown.pictures) == (2 if ask == 'compare' else 1)


def test_two_models_are_compared(desk, tmp_path):
    shown = desk.compare(str(make_photograph(tmp_path)), 'left box\na zebra')
    assert len(shown.pictures) == 2 and len(set(shown.pictures)) == 2
    assert '<td>1.00</td>' in shown.html and '<td>-</td>' in shown.html
    with open(shown.json) as stream:
        assert [part['model'] for part in json.load(stream)] == ['made', 'other']


def test_pictures_are_browsed_by_number(desk):
    assert desk.browse('some', 2).html == 'some 1'
    for group, number in (('some', 0), ('some', 4), ('some', None), ('other', 1),
                          (None, 1)):
        assert 'class="error"' in desk.browse(group, number).html


def test_old_files_are_removed(desk, tmp_path):
    photograph = str(make_photograph(tmp_path))
    old, kept = (desk.ask(photograph, 'a').json for _ in range(2))
    past = time.time() - KEPT - 9
    os.utime(os.path.dirname(old), (past, past))
    desk.ask(photograph, 'a')
    assert not os.path.exists(old) and os.path.exists(kept)
    assert os.path.exists(photograph)
