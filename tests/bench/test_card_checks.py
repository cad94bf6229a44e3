"""Cards from anywhere are whole and harmless, or refused in one line."""
import copy
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from segvg.bench.card import CardError, read_card, read_rows
from segvg.bench.card_checks import shown
from segvg.bench.error_page import drawing_of
from segvg.bench.errors import Case, Verdict, analyze, data_root
from segvg.bench.report import escape_markdown
from tests.bench.test_compare import make_card, rows_of

ODD = [None, True, -1, 10**400, 1e308, float('nan'), '', 'x', [], {}, [1], {'a': 1},
       '<script>alert(1)</script>', '../../etc/passwd', '/etc/passwd', '\x1b[31m',
       [[[]]]]


@pytest.fixture
def card(tmp_path):
    return make_card(tmp_path / 'a.json', [1, 0, 1, 1])


def places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else (
        enumerate(value) if isinstance(value, list) else ())
    for key, part in items:
        yield from places(part, (*path, key))


def put(content, path, value):
    content = copy.deepcopy(content)
    *parents, last = path
    parent = content
    for key in parents:
        parent = parent[key]
    if value is ...:
        del parent[last]
    else:
        parent[last] = value
    return content


@pytest.mark.parametrize(('path', 'value'), [
    (('data', 'expressions'), '<script>document.title="x"</script>'),
    (('data', 'files', 0, 'file'), '../../secret.jsonl'),
    (('data', 'files', 0, 'file'), '/etc/passwd'), (('scores', 'rec/acc@0.5'), 'a'),
    (('scores',), None), (('weights', 'sha256'), 3), (('name',), ['a']),
    (('training',), {}), (('intervals',), {'a': [1]}), (('protocols',), [{}])])
def test_header_of_other_values_is_refused(card, path, value):
    header = put(json.loads(card.read_text()), path, value)
    card.write_text(json.dumps(header))
    told = f'a.json.*{path[0]}.* is .* not what a card holds'
    with pytest.raises(CardError, match=told):
        read_card(card)


def test_missing_key_is_named(card):
    whole = json.loads(card.read_text())
    for key in ('name', 'scores', 'data', 'config', 'weights', 'seed', 'keys'):
        card.write_text(json.dumps({name: value for name, value in whole.items()
                                    if name != key}))
        with pytest.raises(CardError, match=f"a.json has no '{key}'"):
            read_card(card)
    card.write_text(json.dumps({**whole, 'version': 5}))
    with pytest.raises(CardError, match='has version 5'):
        read_card(card)


@pytest.fixture(scope='module')
def odd(tmp_path_factory):
    """A card, what its JSON file says, and an empty folder."""
    path = make_card(tmp_path_factory.mktemp('odd') / 'odd.json', [1, 0])
    return path, json.loads(path.read_text()), tmp_path_factory.mktemp('empty')


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_odd_card_is_read_or_told_in_one_line(odd, data):
    path, header, empty = odd
    row = rows_of(1)[0]
    where = data.draw(st.sampled_from([*places(header)][1:]))
    path.write_text(json.dumps(put(header, where, data.draw(
        st.sampled_from([..., *ODD])))))
    where = data.draw(st.sampled_from([*places(row)][1:]))
    line = json.dumps(put(row, where, data.draw(st.sampled_from([..., *ODD]))))
    path.with_suffix('.jsonl').write_text(f'{line}\n' * 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(empty)  # where the data of the card are looked for
        try:
            analyze(read_card(path), read_rows(path))
        except (CardError, ValueError) as error:
            assert '\n' not in str(error) and '\x1b' not in str(error)


def test_arrays_are_those_of_the_answers(card):
    for arrays in (dict(images=np.zeros(4, int)),
                   {'images': np.zeros(4, int), 'terms/rec/acc@0.5': np.ones((3, 2))},
                   {'images': np.zeros(4), 'terms/rec/acc@0.5': np.ones((4, 2))},
                   {'images': np.zeros(4, int), 'terms/rec/acc@0.5': np.ones(4)}):
        np.savez(card.with_suffix('.npz'), **arrays)
        with pytest.raises(CardError, match='has no score|a part of the card'):
            analyze(read_card(card), read_rows(card))
    np.savez(card.with_suffix('.npz'), images=np.array([print], dtype=object))
    with pytest.raises(CardError, match='a.npz, a part of the card'):
        read_card(card)


def test_control_characters_are_shown():
    assert shown({'a\x1b[31m': ['\r\nb', 'caf\xe9 \u3042', 3]}) == {
        'a\\x1b[31m': ['\\r\\nb', 'caf\xe9 \u3042', 3]}
    assert escape_markdown('a | <b>') == r'a \| &lt;b>'


@pytest.mark.parametrize('root', ['/', '/home', '../..', 'data/../../x'])
def test_card_does_not_choose_a_folder_out_of_this_one(tmp_path, root):
    path = make_card(tmp_path / 'a.json', [1, 0], more_data=dict(root=root))
    with pytest.raises(CardError, match='--data-root names the folder'):
        data_root(read_card(path))
    assert data_root(read_card(path), tmp_path) == tmp_path


def test_picture_is_below_the_folder_of_the_data(tmp_path):
    root = tmp_path / 'data'
    (root / 'images').mkdir(parents=True)
    for path in (tmp_path / 'secret.png', root / 'images/a.png'):
        Image.new('RGB', (64, 48)).save(path)
    (root / 'images/link.png').symlink_to(tmp_path / 'secret.png')

    def shown(name):
        row = {**rows_of(1)[0], 'img_path': str(name)}
        return drawing_of(Case(row, 0.0, Verdict('background', 0.0), {}), root)

    assert shown('a.png') and shown(root / 'images/a.png')
    for name in (tmp_path / 'secret.png', '../secret.png', 'link.png'):
        assert shown(name) is None
