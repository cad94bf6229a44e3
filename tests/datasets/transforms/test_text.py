"""Words for sides are swapped; words veto transforms."""
import numpy as np
import pytest

from segvg.datasets.transforms import RandomApplyUnlessWords, Resize
from segvg.datasets.transforms.text import swap_sides
from tests.datasets.transforms.conftest import expression


@pytest.mark.parametrize('text, swapped', [
    ('left bright man', 'right bleft man'), ('leftright', 'rightleft'),
    ('right leftmost', 'left rightmost'), ('stop sign', 'stop sign'), ('', ''),
    ('Left LEFT rIGHT', 'Right RIGHT left'),
    ('r\u0131ght R\u0130GHT', 'r\u0131ght R\u0130GHT')])
def test_sides_are_swapped_inside_words(text, swapped):
    assert swap_sides(expression(text))['text'] == swapped


@pytest.mark.parametrize('text, swapped', [
    ('left bright man', 'right bright man'), ('leftmost', 'rightmost'),
    ('upright bottle', 'upright bottle'), ('TOPLEFT Left-Hand', 'TOPRIGHT Right-Hand'),
    ('r\u0131ght', 'r\u0131ght'), ('the lefthand side', 'the righthand side'),
    ('sausage links', 'sausage links'), ('左边的人', '右边的人'),
    ('20岁左右的人在右', '20岁左右的人在左'),
    ('the left-most one', 'the right-most one'), ('Right.', 'Left.'),
    ('\u00e9left', '\u00e9left')])
def test_sides_are_swapped_as_whole_words(text, swapped):
    assert swap_sides(expression(text), whole_words=True)['text'] == swapped


@pytest.mark.parametrize('language, text, swapped', [
    ('german', 'der Mann ganz links', 'der Mann ganz rechts'),
    ('german', 'das linke, rechteckige Schild', 'das rechte, rechteckige Schild'),
    ('german', 'Rechter Rand', 'Linker Rand'), ('french', 'à gauche', 'à droite'),
    ('french', "l'homme du côté droit", "l'homme du côté gauche"),
    ('french', 'Coin supérieur gauche', 'Coin supérieur droit'),
    ('french', 'tout droit', 'tout droit'),
    ('spanish', 'la silla de la izquierda', 'la silla de la derecha'),
    ('spanish', 'los zapatos derechos', 'los zapatos izquierdos'),
    ('chinese', '最右侧的红色汽车', '最左侧的红色汽车')])
def test_other_languages_have_their_pairs(language, text, swapped):
    found = swap_sides(expression(text), True, [language])
    assert found['text'] == swapped
    assert swap_sides(found, True, [language])['text'] == text


def test_further_pairs_come_before_those_of_languages():
    pairs = [('sinistra', 'destra'), ('left', 'Right')]
    swapped = swap_sides(expression('SINISTRA, a destra, left'), True, pairs=pairs)
    assert swapped['text'] == 'DESTRA, a sinistra, Right'


def test_spans_follow_words_of_another_language():
    text = 'links der Mann, rechts der Hund'
    given = expression(text, phrases=[dict(span=[[6, 14]], targets=[0]),
                                      dict(span=[[16, 31]], targets=[0])])
    swapped = swap_sides(given, True, ['german'])
    found = [swapped['text'][begin:end]
             for phrase in swapped['phrases'] for begin, end in phrase['span']]
    assert found == ['der Mann', 'links der Hund']


def test_swap_leaves_the_expression_it_was_given():
    given = expression('left man', phrases=[dict(span=[[0, 4]], targets=[0])])
    swap_sides(given)
    assert given['text'] == 'left man' and given['phrases'][0]['span'] == [[0, 4]]


def test_spans_follow_the_swap():
    text = 'the man left of a red cup on the right side'
    words = ('the man', 'left', 'a red cup', 'the right side')
    spans = [[text.index(word), text.index(word) + len(word)] for word in words]
    given = expression(text, phrases=[
        dict(span=[span], targets=[0], id=str(i)) for i, span in enumerate(spans)])
    swapped = swap_sides(given)
    found = [swapped['text'][begin:end]
             for phrase in swapped['phrases'] for begin, end in phrase['span']]
    assert found == ['the man', 'right', 'a red cup', 'the left side']
    assert [phrase['id'] for phrase in swapped['phrases']] == list('0123')


def test_span_that_ends_inside_a_swapped_word_is_an_error():
    given = expression('bright', phrases=[dict(span=[[0, 3]], targets=[0])])
    with pytest.raises(ValueError, match="'bright' begins or ends inside 'right'"):
        swap_sides(given)
    assert swap_sides(given, whole_words=True)['phrases'] == given['phrases']


@pytest.mark.parametrize('text, inside, whole', [
    ('my laptop', True, False), ('TOP one', True, True), ('a cat', False, False),
    ('stop, left!', True, True)])
def test_words_veto(text, inside, whole):
    words = ['top', 'Left']
    assert RandomApplyUnlessWords([], 1, words).vetoes(text) is inside
    assert RandomApplyUnlessWords([], 1, words, whole_words=True).vetoes(text) is whole


def test_transforms_are_applied_in_order_unless_vetoed(make_results):
    transform = RandomApplyUnlessWords(
        [dict(type='Resize', long=40), Resize(short=60)], prob=1, words=['left'])
    assert transform(make_results())['img_shape'] == (60, 80)
    assert transform(make_results())['scale_factor'] == (1, 1)
    vetoed = transform(make_results(30, 40, texts=['a cat', 'on the left']))
    assert vetoed['img_shape'] == (30, 40)


def test_transforms_are_applied_with_their_probability(make_results):
    np.random.seed(0)
    transform = RandomApplyUnlessWords([Resize(long=4)], prob=0.3, words=[])
    shapes = [transform(make_results(8, 8, []))['img_shape'] for _ in range(300)]
    assert 60 < shapes.count((4, 4)) < 120
