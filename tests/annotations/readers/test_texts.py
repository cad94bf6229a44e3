"""Cleaning of text, as SeqTR-style readers do it."""
import pytest

from segvg.annotations.readers.texts import clean_text, has_latin1_bytes


@pytest.mark.parametrize(('text', 'expected'), [
    ('Left man.', 'left man'), ("it's (the) *#1* dog;", 'its the 1 dog'),
    ('half-open w/ hat', 'half open w hat'), ('  a\t b\n', 'a b'), ('?!', ''),
    ('ÉTÉ', 'été')])
def test_clean_text_takes_punctuation_away(text, expected):
    assert clean_text(text) == expected


@pytest.mark.parametrize(('text', 'expected'), [
    ('cafe', False), ('caf\xe9', True), ('caf\xe9 ☕', False), ('☕', False),
    ('', False)])
def test_latin1_is_told_by_its_range(text, expected):
    assert has_latin1_bytes(text) is expected
