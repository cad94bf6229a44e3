from segvg.synthref.compound.spans import (
    fix_articles,
    mark,
    misspell,
    remove_marks,
    take_marks,
)
from segvg.synthref.streams import Stream


def test_marks_become_spans_of_the_raw_text():
    text = f'the {mark("red star", 0)} left of a {mark("orange ring", 1)}'
    text = fix_articles(text)
    assert remove_marks(text) == 'the red star left of an orange ring'
    phrases, raw = take_marks(text, [0b100, 0b1])
    assert raw == remove_marks(text)
    assert [(raw[begin:end], bits) for (begin, end), bits in phrases] == [
        ('red star', 0b100), ('orange ring', 0b1)]


def test_misspelling_swaps_two_letters_of_one_word():
    stream, text = Stream(0, 0, 0, 0, 'text'), 'the small square'
    for _ in range(20):
        wrong = misspell(text, stream)
        assert len(wrong) == len(text) and wrong != text
        assert sum(a != b for a, b in zip(wrong.split(), text.split())) == 1
        assert sorted(wrong) == sorted(text)
    assert misspell('red cup', stream) == 'red cup'
