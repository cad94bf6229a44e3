"""One table of several result cards, and whether what differs is more than chance."""
from collections import defaultdict
from typing import NamedTuple, Optional, Sequence

from segvg.bench.card import Card, CardError, digest
from segvg.bench.statistics import DRAWS, Comparison, Interval, compare, interval
from segvg.utils.text_table import text_table


class Cell(NamedTuple):
    """A score of a row; ``against`` compares it with the first row.

    ``spread`` is the lowest and highest of several seeds.
    """
    value: Interval
    spread: tuple[float, float]
    against: Optional[Comparison]


class Row(NamedTuple):
    """The cards of one model, one per seed."""
    name: str
    cards: tuple[Card, ...]
    cells: dict[str, Cell]


def group_cards(cards: Sequence[Card]) -> dict[str, list[Card]]:
    """Return the cards by name: those with the same config and settings are one row.

    Raises:
        CardError: two cards are of the same weights or of the same seed, or of other
            settings with one name.
    """
    groups: dict[str, list[Card]] = defaultdict(list)
    for card in cards:
        groups[card.name].append(card)
    for name, group in groups.items():
        seen: dict[str, Card] = {}
        for card in group:
            weights = card.header['weights']['sha256']
            if weights in seen:
                raise CardError(f'{card.path} and {seen[weights].path} are of the same '
                                'weights: one of them is enough')
            seen[weights] = card
        check_seeds(name, group)
        files = {card.header['config']['file'] for card in group}
        if len(files) > 1:
            raise CardError(f'cards called {name!r} are of different configs: '
                            f'{", ".join(sorted(files))}')
    return groups


def check_seeds(name: str, cards: Sequence[Card]) -> None:
    """Refuse two cards of one config whose trainings had the same seed.

    They are one training that was repeated or changed, or two of its epochs: a row
    would call them two seeds.

    Raises:
        CardError: two cards have the same seed.
    """
    seen: dict[int, Card] = {}
    for card in cards:
        seed = card.header['seed']
        if seed in seen:
            raise CardError(f'{card.path} and {seen[seed].path} are both of {name} '
                            f'trained with seed {seed}, so they are not two seeds: '
                            'leave one of them out')
        if seed is not None:
            seen[seed] = card


def common_scores(cards: Sequence[Card]) -> list[str]:
    """Return the scores that all cards have, in the order of the first.

    Raises:
        CardError: the cards have no score in common.
    """
    names = [name for name in cards[0].terms
             if all(name in card.terms for card in cards)]
    if not names:
        have = '; '.join(f'{card.name}: {", ".join(card.terms) or "-"}'
                         for card in cards)
        raise CardError(f'these cards have no score in common ({have})')
    return names


def check_comparable(cards: Sequence[Card], scores: Sequence[str]) -> None:
    """Refuse cards whose scores of one name do not mean the same.

    They have to be of the same expressions and images, of the same annotation file and
    made by the same rule with the same settings.

    Raises:
        CardError: they do not; it says what differs.
    """
    first = cards[0]
    for card in cards[1:]:
        pair = f'{first.path} and {card.path} cannot be compared: '
        ours, theirs = ([part['sha256'] for part in other.header['data']['files']]
                        for other in (first, card))
        if ours != theirs or first.keys != card.keys:
            raise CardError(pair + f'they score other expressions ({first.data} '
                            f'against {card.data})')
        for score in scores:
            rules = [_rule(other, score) for other in (first, card)]
            if digest(rules[0]) != digest(rules[1]):
                raise CardError(pair + f'{score} was made by another rule ({rules[0]} '
                                f'against {rules[1]})')


def _rule(card: Card, score: str) -> Optional[dict]:
    """Return the rule of a score; a threshold chosen on val is not part of it."""
    protocol = card.protocol_of(score)
    if protocol is None:
        return None
    chosen = {item['parameter'] for item in card.header['thresholds']
              if item['source'] != 'config'}
    settings = {name: value for name, value in protocol['settings'].items()
                if name not in chosen}
    return dict(metric=protocol['metric'], frame=protocol['frame'], settings=settings,
                chosen_on_val=sorted(chosen))


def compare_cards(cards: Sequence[Card], scores: Optional[Sequence[str]] = None,
                  draws: int = DRAWS) -> list[Row]:
    """Return the rows of a table, each compared with the first.

    Args:
        cards: of one or several models and seeds, on the same data.
        scores: names; by default all that the cards have in common.
        draws: number of random samples for the bootstrap and for the test.

    Raises:
        CardError: they cannot be compared.
    """
    groups = group_cards(cards)
    names = list(scores or common_scores(cards))
    missing = [f'{card.path} has no {name}' for card in cards for name in names
               if name not in card.terms]
    if missing:
        raise CardError('; '.join(missing))
    check_comparable(cards, names)
    rows: list[Row] = []
    for name, group in groups.items():
        cells = {}
        for score in names:
            tables = [card.sums(score) for card in group]
            alone = [card.header['scores'][score] for card in group]
            against = None
            if rows:
                first = [card.sums(score) for card in rows[0].cards]
                against = compare(first, tables, draws=draws)
            cells[score] = Cell(interval(tables, draws=draws), (min(alone), max(alone)),
                                against)
        rows.append(Row(name, tuple(group), cells))
    return rows


# -- tables ----------------------------------------------------------------------------


def header_of(rows: Sequence[Row]) -> list[str]:
    """Return the heads of the columns."""
    heads = ['model', 'seeds']
    for score in rows[0].cells:
        heads.append(score)
        if len(rows) > 1:
            heads.append('against the first')
    return heads


def cells_of(row: Row, others: bool) -> list[str]:
    """Return the cells of a row as text."""
    cells = [row.name, str(len(row.cards))]
    for cell in row.cells.values():
        cells.append(score_text(cell, len(row.cards), 2))
        if others:
            cells.append(against_text(cell.against))
    return cells


def score_text(cell: Cell, seeds: int, digits: int) -> str:
    """Return a score with its interval and the lowest and highest of several seeds."""
    value = cell.value
    text = f'{value.score:.{digits}f} {value.ends}'
    if seeds > 1:
        text += f' ({cell.spread[0]:.1f} to {cell.spread[1]:.1f})'
    return text


def against_text(found: Optional[Comparison]) -> str:
    """Return a comparison as text."""
    if found is None:
        return '-'
    gap = found.difference
    ends = (gap.ends if gap.low is None or gap.high is None
            else f'[{gap.low:+.1f}, {gap.high:+.1f}]')
    return f'{gap.score:+.2f} {ends} p {found.p:.3f}'


def as_text(rows: Sequence[Row]) -> str:
    """Return a table for the console."""
    return text_table([header_of(rows), *(cells_of(row, len(rows) > 1)
                                          for row in rows)])


def as_markdown(rows: Sequence[Row]) -> str:
    """Return a table in Markdown."""
    heads = header_of(rows)
    lines = [heads, ['---'] * len(heads),
             *(cells_of(row, len(rows) > 1) for row in rows)]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def as_json(rows: Sequence[Row]) -> list[dict]:
    """Return the table in plain types."""
    return [dict(name=row.name, cards=[str(card.path) for card in row.cards],
                 seeds=[card.header['seed'] for card in row.cards],
                 scores={score: dict(
                     cell.value._asdict(), spread=cell.spread,
                     against=cell.against and dict(
                         difference=cell.against.difference._asdict(),
                         p=cell.against.p)) for score, cell in row.cells.items()})
            for row in rows]
