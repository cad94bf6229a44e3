"""Phrases of a caption."""
from segvg.structures.phrases import phrase_text


def test_parts_of_a_phrase_are_joined():
    assert phrase_text('a man and a dog', dict(span=[[0, 5], [10, 15]])) == (
        'a man a dog')
