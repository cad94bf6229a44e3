"""Scripts and languages are recognized from a few sentences."""
import pytest

from segvg.datasets.languages import SIDE_PAIRS, language_of, script_of


@pytest.mark.parametrize('text, script', [
    ('red café', 'LATIN'), ('12 !', None), ('', None), ('左边的 cup', 'CJK'),
    ('左のネコ', 'HIRAGANA'), ('левый дом', 'CYRILLIC'), ('왼쪽 사람', 'HANGUL')])
def test_script_of_a_text(text, script):
    assert script_of(text) == script


@pytest.mark.parametrize('texts, language', [
    (['left man', 'guy in red', 'a van', 'bowl w/ soup'], 'english'),
    (['zebra', 'big pizza'], 'english'), (['左边的人', '红色的车', 'red'], 'chinese'),
    (['左のねこ', '赤い車'], 'japanese'), (['왼쪽 사람'], 'korean'),
    (['der Mann ganz links', 'ein Hund auf dem Sofa'], 'german'),
    (["l'homme à gauche", 'la voiture rouge dans le coin'], 'french'),
    (['el hombre de la izquierda', 'la taza roja'], 'spanish'),
    (["l'uomo a sinistra", 'il cane con la palla'], 'italian'),
    (['человек слева', 'красная машина'], 'cyrillic'), (['...', '12'], None),
    ([], None)])
def test_language_of_most_texts(texts, language):
    assert language_of(texts) == language


@pytest.mark.parametrize('language', SIDE_PAIRS)
def test_pairs_are_in_lower_case_and_differ(language):
    for left, right in SIDE_PAIRS[language]:
        assert (left, right) == (left.lower(), right.lower())
    sides = [left for left, right in SIDE_PAIRS[language] if left != right]
    assert len(sides) == len(set(sides)) > 0
