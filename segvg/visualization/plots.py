"""Plots of scores with their intervals, as rows of a table.

The page draws each row as a small SVG whose places are shares of its width, so the plot
fits a screen of any width while its words keep their size.
"""
import math
from typing import NamedTuple, Optional, Sequence

MOST_TICKS = 6
STEPS = (1.0, 2.0, 5.0, 10.0)


class Mark(NamedTuple):
    """A score in a plot.

    Attributes:
        label: of its row.
        value: the score; None: nothing was scored.
        low: end of the interval; None: no interval is drawn.
        high: the other end.
        dots: scores of single seeds.
        words: the score as text.
        more: cells after it.
    """
    label: str
    value: Optional[float]
    low: Optional[float] = None
    high: Optional[float] = None
    dots: tuple[float, ...] = ()
    words: str = ''
    more: tuple[str, ...] = ()

    @property
    def cells(self) -> tuple[str, ...]:
        """All cells after the plot."""
        return (self.words, *self.more)


class Axis(NamedTuple):
    """The axis of a plot: its ends and the numbers on it."""
    low: float
    high: float
    ticks: tuple[float, ...]

    def place(self, value: float) -> str:
        """Return where a value is, as a share of the width, e.g. ``25.00%``."""
        share = 100 * (value - self.low) / (self.high - self.low)
        return f'{min(max(share, 0.0), 100.0):.2f}%'


class Plot(NamedTuple):
    """A table with a plot in its second column."""
    title: str
    marks: tuple[Mark, ...]
    axis: Axis
    heads: tuple[str, ...]


def plot_of(title: str, marks: Sequence[Mark], heads: Sequence[str] = ('', 'score'),
            whole: bool = False) -> Plot:
    """Return a plot.

    Args:
        title: heading.
        marks: rows.
        heads: of the columns: that of labels, that of scores, those of ``more``.
        whole: whether the axis goes from 0 to 100 (percent).
    """
    axis = axis_of([0, 100] if whole else [
        value for mark in marks for value in (
            mark.value, mark.low, mark.high, *mark.dots) if value is not None])
    return Plot(title, tuple(marks), axis, tuple(heads))


def axis_of(values: Sequence[float]) -> Axis:
    """Return an axis with round numbers that holds all values with a margin."""
    low, high = min(values, default=0.0), max(values, default=100.0)
    margin = max(0.05 * (high - low), 0.5)
    if (low, high) == (0, 100):
        margin = 0.0
    rough = max((high - low + 2 * margin) / (MOST_TICKS - 1), 1e-6)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in STEPS if factor * power >= rough * 0.999)
    first, last = math.floor((low - margin) / step), math.ceil((high + margin) / step)
    ticks = tuple(round(number * step, 6) for number in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks)
