"""Pages: everything is escaped, nothing comes from elsewhere, plots fit their axes."""
import base64
import hashlib
import re

import numpy as np
import pytest

from segvg.visualization.colors import PREDICTION_COLOR, TARGET_COLOR, hex_color
from segvg.visualization.drawing import Drawing, Layer
from segvg.visualization.pages import LONGEST_SIDE, figure_of, render_page

EVIL = '''<script>alert("1")</script> & 'cup' </style>'''


def browse(*figures, **changes) -> str:
    values = dict(title='toy', summary='2 expressions.', legend=(), figures=figures)
    return render_page('browse.html', **{**values, **changes})


@pytest.fixture
def figure():
    layers = [Layer(EVIL, TARGET_COLOR, np.array([[5, 5, 20, 20]]))]
    return figure_of(Drawing(np.zeros((50, 90, 3), np.uint8), EVIL, layers, [EVIL]))


def test_everything_is_escaped(figure):
    page = browse(figure, title=EVIL, summary=EVIL)
    assert page.count('<script>') == page.count('</style>') == 1
    assert page.count('alert') == page.count('&lt;script&gt;alert(&#34;1&#34;)') == 7
    assert not re.search(r'="[^"]*<script', page)


def test_policy_allows_only_what_the_page_holds(figure):
    page = browse(figure)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    rules = dict(rule.strip().split(' ', 1) for rule in policy[1].split(';'))
    assert rules['default-src'] == rules['form-action'] == "'none'"
    assert rules['img-src'] == 'data:'
    for tag in ('style', 'script'):
        inside = re.search(f'<{tag}>(.*?)</{tag}>', page, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert rules[f'{tag}-src'] == f"'sha256-{digest}'"
    # the policy would stop these
    assert not re.search(r'\son\w+=|\sstyle=|<link|url\(|https?://', page)


def test_picture_has_words_colors_and_a_size(figure):
    assert figure.source.startswith('data:image/jpeg;base64,')
    assert (figure.width, figure.height) == (420, 233) and figure.text == EVIL
    assert [item.color for item in figure.swatches] == ['#40c4ff']
    large = figure_of(Drawing(np.zeros((10, 4000, 3), np.uint8), 'x', []))
    assert (large.width, large.height) == (LONGEST_SIDE, 2)


def test_missing_value_is_an_error():
    with pytest.raises(Exception, match='title'):
        render_page('browse.html', summary='', legend=(), figures=())


def linear(color) -> np.ndarray:
    value = np.array(color) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize('loss', [
    [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]])
def test_colors_are_told_apart_without_one_kind_of_cone(loss):
    """Machado, Oliveira and Fernandes (2009): without L, M and S cones."""
    seen = [np.clip(np.array(loss) @ linear(color), 0, 1)
            for color in (TARGET_COLOR, PREDICTION_COLOR)]
    assert np.abs(seen[0] - seen[1]).max() > 0.3


def test_color_of_a_page():
    assert hex_color((0, 158, 255)) == '#009eff'
