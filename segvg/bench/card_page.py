"""Pages of result cards: one alone, or several compared, with plots of their scores."""
from typing import Any, Optional, Sequence

from segvg.bench.card import Card
from segvg.bench.compare import Cell, Row, against_text, score_text
from segvg.bench.report import Table
from segvg.bench.statistics import LEAST_IMAGES
from segvg.visualization.pages import render_page
from segvg.visualization.plots import Mark, Plot, plot_of

SHOWN_ELSEWHERE = ('name', 'format', 'intervals')
DOTS = 'Hollow dots are single seeds.'


def card_section(card: Card) -> dict[str, Any]:
    """Return what a page shows of a card: everything in it but its intervals."""
    facts = {name: value for name, value in card.header.items()
             if name not in SHOWN_ELSEWHERE}
    facts['scores'] = {name: f'{value:.2f}'
                       for name, value in card.header['scores'].items()}
    seed = card.header['seed']
    return dict(title=card.name if seed is None else f'{card.name}, seed {seed}',
                facts=facts)


def comparison_page(rows: Sequence[Row], note: str) -> str:
    """Return the page of ``compare_cards``; of one card it is the page of that card.

    Args:
        rows: models.
        note: how intervals and tests were made.
    """
    cards = [card for row in rows for card in row.cards]
    heads = ['', 'score', *(['against the first'] if len(rows) > 1 else [])]
    plots = [plot_of(score, [
        _mark(row.name, row.cells[score],
              [card.header['scores'][score] for card in row.cards], 2,
              (against_text(row.cells[score].against), ) if len(rows) > 1 else ())
        for row in rows], heads, whole=len(rows) == 1) for score in rows[0].cells]
    title = rows[0].name if len(rows) == 1 else f'Comparison of {len(rows)} models'
    return render_page(
        'comparison.html', title=title, note=_note(note, plots), plots=plots,
        summary=cards[0].data, cards=list(map(card_section, cards)))


def tables_page(title: str, tables: Sequence[Table], note: str) -> str:
    """Return the page of a plan's tables.

    Args:
        title: name of the plan.
        tables: one for each set of expressions.
        note: how intervals were made.
    """
    plots = []
    for table in tables:
        for score in table.lines[0].scores:
            marks = [_mark(line.entry, cell, cell.spread, 1, (
                ', '.join(map(str, line.seeds)), _cost(line.seconds, 60, 1),
                _cost(line.memory, 1, 0)))
                for line in table.lines if (cell := line.scores[score]) is not None]
            if marks:
                plots.append(plot_of(
                    f'{score}, {table.data}', marks,
                    ('', 'score', 'seeds', 'training (min)', 'memory (MiB)')))
    return render_page('comparison.html', title=title, note=_note(note, plots),
                       plots=plots, summary='Models of one plot are scored on the '
                       'same expressions by the same rule.', cards=[])


def _mark(label: str, cell: Cell, alone: Sequence[float], digits: int,
          more: tuple[str, ...]) -> Mark:
    """Return the mark of a cell; ``alone`` are scores of single seeds."""
    value = cell.value
    dots = tuple(alone) if len(set(alone)) > 1 else ()
    return Mark(label, value.score, value.low, value.high, dots,
                score_text(cell, len(dots), digits), more)


def _cost(value: Optional[float], unit: float, digits: int) -> str:
    """Return time or memory as text."""
    return '-' if value is None else f'{value / unit:.{digits}f}'


def _note(note: str, plots: Sequence[Plot]) -> str:
    """Return the note with what is not said elsewhere on the page."""
    dots = any(mark.dots for plot in plots for mark in plot.marks)
    few = any(mark.low is None for plot in plots for mark in plot.marks)
    parts = [f'{note}.', DOTS if dots else '',
             f'Below {LEAST_IMAGES} images there is no interval.' if few else '',
             'The axes do not begin at 0.' if plots and any(
                 plot.axis.low > 0 for plot in plots) else '']
    return ' '.join(filter(None, parts))
