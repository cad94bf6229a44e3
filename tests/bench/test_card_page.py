"""Pages of one card, of several, and of a plan."""
import re

import pytest

from segvg.bench.card_page import tables_page
from segvg.bench.compare import Cell
from segvg.bench.report import Line, Table
from segvg.bench.statistics import Interval
from tests.bench.test_compare import SCORE, make_card
from tests.tools.running import run_tool
from tests.visualization.test_pages import EVIL


@pytest.fixture
def cards(tmp_path):
    return [make_card(tmp_path / f'{weights}.json', hits, name=name, weights=weights,
                      seed=seed) for name, weights, seed, hits in (
        ('first', 'a', 0, [1, 0] * 20), ('first', 'c', 1, [1, 1, 1, 0] * 10),
        (EVIL, 'b', 0, [1] * 38 + [0, 1]))]


def test_comparison_has_a_plot_a_test_and_the_cards(cards, tmp_path, monkeypatch):
    out = tmp_path / 'page.html'
    run_tool(monkeypatch, 'compare.py', *cards, '--html', out, '--draws', '200')
    page = out.read_text()
    assert '<h1>Comparison of 2 models</h1>' in page and f'<h2>{SCORE}</h2>' in page
    assert page.count('class="whisker"') == 2 and page.count('class="seed"') == 2
    assert re.search(r'>62\.50 \[\d\d\.\d, \d\d\.\d\] \(50\.0 to 75\.0\)<', page)
    assert re.search(r'>\+35\.00 \[\+\d+\.\d, \+\d+\.\d\] p 0\.\d{3}<', page)
    assert page.count('<summary>') == 3 and 'first, seed 1' in page
    assert page.count('<script>') == 1 and '&lt;script&gt;alert' in page
    assert '40 expressions, 20 images' in page


def test_page_of_one_card(tmp_path, monkeypatch):
    card, out = make_card(tmp_path / 'a.json', [1, 0] * 5), tmp_path / 'page.html'
    run_tool(monkeypatch, 'compare.py', card, '--html', out)
    page = out.read_text()
    assert '<h1>model</h1>' in page and 'Everything on the card' in page
    assert '50.00 (no interval: 5 images)' in page
    assert 'class="whisker"' not in page and 'against the first' not in page
    assert 'Below 20 images there is no interval' in page
    assert 'every model' not in page and 'BoxAccuracy' in page and 'val.jsonl' in page


def test_page_of_a_plan():
    cell = Cell(Interval(50, 40, 60, 30), (45, 55), None)
    table = Table('toy val: 60 expressions, 30 images', (
        Line('A', (0, 1), {SCORE: cell, 'res/mIoU': None}, 90, 512.4),
        Line('B', (0,), {SCORE: cell._replace(spread=(50, 50)), 'res/mIoU': None}, None,
             None)))
    page = tables_page('my plan', [table], 'intervals')
    assert page.count('<h2>') == 1 and 'res/mIoU' not in page
    assert '50.0 [40.0, 60.0] (45.0 to 55.0)' in page
    for cell in ('0, 1', '1.5', '512', '-'):
        assert f'>{cell}</td>' in page
