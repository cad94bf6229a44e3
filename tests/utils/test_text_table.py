"""Tables for the console."""
from segvg.utils.text_table import text_table

ROWS = [('name', 'score', ''), ('a', '7', 'b')]


def test_columns_are_aligned():
    assert text_table(ROWS) == 'name  score\na     7      b'
    assert text_table(ROWS, numbers=True) == 'name  score\na         7  b'
