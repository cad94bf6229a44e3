"""The table at the end of a plan."""
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple, Optional, Sequence

from segvg.bench.card import Card, read_card
from segvg.bench.compare import Cell, check_comparable, score_text
from segvg.bench.plan import Plan
from segvg.bench.statistics import interval
from segvg.bench.steps import card_path
from segvg.utils.text_table import text_table


class Line(NamedTuple):
    """An entry in a table: its scores, None where it has none, and what they cost.

    ``seconds`` is the mean time of a training, ``memory`` its peak in MiB.
    """
    entry: str
    seeds: tuple[int, ...]
    scores: dict[str, Optional[Cell]]
    seconds: Optional[float]
    memory: Optional[float]


class Table(NamedTuple):
    """The entries that were scored on the same expressions."""
    data: str
    lines: tuple[Line, ...]


def collect(plan: Plan, work_dir: Path) -> dict[str, dict[str, list[Card]]]:
    """Return the cards that are there, by expressions and entry."""
    found: dict[str, dict[str, list[Card]]] = defaultdict(lambda: defaultdict(list))
    entries = list(dict.fromkeys(run.entry for run in plan.runs))
    runs = sorted(plan.runs, key=lambda run: (entries.index(run.entry), run.seed))
    for run in runs:
        for split in run.splits:
            path = card_path(work_dir, run, split)
            if path.exists():
                card = read_card(path)
                found[card.keys][run.entry].append(card)
    return found


def make_tables(plan: Plan, work_dir: Path) -> list[Table]:
    """Return a table for each set of expressions.

    Raises:
        CardError: one score was made by two rules, or a card cannot be read.
    """
    tables = []
    scores_of = {run.entry: run.scores for run in plan.runs}
    for entries in collect(plan, work_dir).values():
        everything = [card for cards in entries.values() for card in cards]
        for score in plan.scores:
            having = [card for card in everything if score in card.terms]
            if having:
                check_comparable(having, [score])
        tables.append(Table(everything[0].data, tuple(
            _line(entry, cards, plan.scores, scores_of[entry])
            for entry, cards in entries.items())))
    return sorted(tables)


def _line(entry: str, cards: Sequence[Card], scores: Sequence[str],
          wanted: Sequence[str]) -> Line:
    """Return the line of an entry, with those scores of the table that are wanted."""
    cells: dict[str, Optional[Cell]] = {}
    for score in scores:
        having = [card for card in cards if score in card.terms and score in wanted]
        alone = [card.header['scores'][score] for card in having]
        cells[score] = Cell(interval([card.sums(score) for card in having]),
                            (min(alone), max(alone)), None) if having else None
    costs = [card.header['training'] for card in cards if card.header['training']]
    return Line(
        entry, tuple(card.header['seed'] for card in cards), cells,
        sum(cost['seconds'] for cost in costs) / len(costs) if costs else None,
        max((cost['peak_memory'] for cost in costs), default=None))


def _cells(line: Line, scores: Sequence[str]) -> list[str]:
    """Return the cells of a line as text."""
    cells = [line.entry, ', '.join(map(str, line.seeds))]
    for score in scores:
        found = line.scores[score]
        cells.append('-' if found is None else score_text(found, len(line.seeds), 1))
    cells.append('-' if line.seconds is None else f'{line.seconds / 60:.1f}')
    return [*cells, '-' if line.memory is None else f'{line.memory:.0f}']


def _rows(table: Table) -> list[list[str]]:
    """Return head and lines; scores that nobody has are left out."""
    scores = [name for name in table.lines[0].scores
              if any(line.scores[name] is not None for line in table.lines)]
    head = ['method', 'seeds', *scores, 'training (min)', 'memory (MiB)']
    return [head, *(_cells(line, scores) for line in table.lines)]


def as_text(tables: Sequence[Table]) -> str:
    """Return the tables for the console."""
    return '\n\n'.join(f'{table.data}\n{text_table(_rows(table))}' for table in tables)


def escape_markdown(text: str) -> str:
    """Return a text that neither ends a cell of a table nor opens a tag."""
    return text.replace('<', '&lt;').replace('|', '\\|')


def as_markdown(tables: Sequence[Table]) -> str:
    """Return the tables in Markdown."""
    parts = []
    for table in tables:
        head, *rows = _rows(table)
        cells = [map(escape_markdown, row) for row in (head, *rows)]
        lines = [f'| {" | ".join(row)} |' for row in cells]
        lines.insert(1, f'| {" | ".join(["---"] * len(head))} |')
        parts.append('\n'.join([f'### {escape_markdown(table.data)}', '', *lines]))
    return '\n\n'.join(parts)


def as_json(tables: Sequence[Table]) -> list[dict[str, Any]]:
    """Return the tables in plain types."""
    return [dict(data=table.data, lines=[
        dict(line._asdict(), scores={
            name: found and dict(found.value._asdict(), spread=found.spread)
            for name, found in line.scores.items()}) for line in table.lines])
        for table in tables]
