"""A table for the console."""
from typing import Sequence


def text_table(rows: Sequence[Sequence[str]], *, numbers: bool = False) -> str:
    """Return rows as lines of text with aligned columns.

    Args:
        rows: cells of each line, the same number in all.
        numbers: whether all columns after the first are aligned to the right.
    """
    widths = [max(map(len, column)) for column in zip(*rows)]
    return '\n'.join('  '.join(
        cell.rjust(width) if numbers and place else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(row, widths))).rstrip()
        for row in rows)
