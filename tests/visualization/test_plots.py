"""Axes with round numbers that hold their values."""
import pytest

from segvg.visualization.pages import render_page
from segvg.visualization.plots import MOST_TICKS, Mark, axis_of, plot_of


@pytest.mark.parametrize('values, ticks', [
    ([0, 100], (0, 20, 40, 60, 80, 100)),
    ([62.1, 64.9], (61, 62, 63, 64, 65, 66)),
    ([50], (49.4, 49.6, 49.8, 50, 50.2, 50.4, 50.6)),
    ([-3.2, 12.4], (-5, 0, 5, 10, 15))])
def test_ticks_are_round(values, ticks):
    axis = axis_of(values)
    assert axis.ticks == pytest.approx(ticks)
    assert axis.low <= min(values) and axis.high >= max(values)
    assert len(ticks) <= MOST_TICKS + 1


def test_places_are_shares_of_the_width():
    axis = axis_of([0, 100])
    assert [axis.place(value) for value in (0, 25, 100, 130)] == [
        '0.00%', '25.00%', '100.00%', '100.00%']


def test_plot_shows_interval_and_seeds_where_there_are_some():
    marks = [Mark('a', 50, 40, 60, (45, 55), '50 [40, 60]'), Mark('b', 90, words='90'),
             Mark('<c>', None, words='-')]
    page = render_page('comparison.html', title='t', summary='', note='', cards=[],
                       plots=[plot_of('rec/acc@0.5', marks, whole=True)])
    assert page.count('class="whisker" x1="40.00%" x2="60.00%"') == 1
    assert page.count('class="whisker"') == 1 and page.count('class="seed"') == 2
    assert 'class="score" cx="90.00%"' in page and page.count('class="score"') == 2
    assert '&lt;c&gt;' in page and '50 [40, 60]' in page
