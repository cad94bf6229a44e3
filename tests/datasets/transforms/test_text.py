"""Picking, swapping, vetoing and tokenising expressions."""
import numpy as np
import pytest

from segvg.datasets.transforms import (
    PickExpression,
    RandomApplyUnlessWords,
    Resize,
    TokenizeExpression,
)
from segvg.datasets.transforms.text import renumber, swap_sides, used_instances
from tests.datasets.transforms.conftest import expression

VOCAB = {'[PAD]': 0, '[UNK]': 1, '[CLS]': 2, '[SEP]': 3, 'left': 4, 'cat': 5}


@pytest.mark.parametrize('text, swapped', [
    ('left bright man', 'right bleft man'), ('leftright', 'rightleft'),
    ('right leftmost', 'left rightmost'), ('stop sign', 'stop sign'), ('', ''),
    ('Left LEFT rIGHT', 'Right RIGHT left'),
    ('r\u0131ght R\u0130GHT', 'r\u0131ght R\u0130GHT')])
def test_sides_are_swapped_inside_words(text, swapped):
    assert swap_sides(expression(text))['text'] == swapped


@pytest.mark.parametrize('text, swapped', [
    ('left bright man', 'right bright man'), ('leftmost', 'leftmost'),
    ('the left-most one', 'the right-most one'), ('Right.', 'Left.'),
    ('\u00e9left', '\u00e9left')])
def test_sides_are_swapped_as_whole_words(text, swapped):
    assert swap_sides(expression(text), whole_words=True)['text'] == swapped


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


def test_used_instances_are_targets_then_those_of_phrases():
    given = expression('x', [2], phrases=[dict(span=[[0, 1]], targets=[4, 2]),
                                          dict(span=[[0, 1]], targets=[0])])
    assert used_instances(given) == [2, 4, 0]
    new = renumber(given, [2, 4, 0])
    assert new['targets'] == [0]
    assert [phrase['targets'] for phrase in new['phrases']] == [[1, 0], [2]]


def two_expressions(make_results):
    results = make_results(bboxes=[(0, 0, 9, 9), (10, 10, 30, 30), (5, 5, 6, 6)])
    results['expressions'] = [expression('one', [1]), expression('two', [2, 0])]
    return results


def test_first_expression_keeps_its_instances(make_results):
    results = PickExpression('first')(two_expressions(make_results))
    assert [item['text'] for item in results['expressions']] == ['one']
    assert results['expressions'][0]['targets'] == [0]
    assert [item['ann_id'] for item in results['instances']] == [1]
    assert results['gt_bboxes'].tolist() == [[10, 10, 30, 30]]
    assert results['image_bboxes'].shape == (1, 4) and len(results['gt_masks']) == 1


def test_random_expression_is_drawn_at_every_visit(make_results):
    np.random.seed(0)
    picked = [PickExpression()(two_expressions(make_results)) for _ in range(30)]
    assert {item['expressions'][0]['text'] for item in picked} == {'one', 'two'}
    two = next(item for item in picked if item['expressions'][0]['text'] == 'two')
    assert two['gt_bboxes'].tolist() == [[5, 5, 6, 6], [0, 0, 9, 9]]
    assert two['expressions'][0]['targets'] == [0, 1]


def test_expression_without_target_keeps_no_instance(make_results):
    results = make_results()
    results['expressions'] = [expression('nobody', [])]
    results = PickExpression()(results)
    assert results['gt_bboxes'].shape == (0, 4) and results['instances'] == []
    assert results['gt_masks'].shape == (0, 60, 80)


def test_picking_works_before_annotations_are_loaded(make_results):
    results = two_expressions(make_results)
    for key in ('gt_bboxes', 'image_bboxes', 'gt_masks'):
        del results[key]
    assert len(PickExpression('first')(results)['instances']) == 1


def test_nothing_to_pick_from_is_an_error(make_results):
    with pytest.raises(ValueError, match='images/1.jpg .sample 0. has no expression'):
        PickExpression()(make_results(texts=[]))


def test_picking_mode_is_checked():
    with pytest.raises(ValueError, match="not 'last'"):
        PickExpression('last')


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


def test_every_expression_is_tokenised(make_results):
    transform = TokenizeExpression(dict(type='WordPieceTokenizer', vocab=VOCAB), 4)
    results = transform(make_results(texts=['left cat', 'cat', 'cat cat cat cat']))
    ids = [item['token_ids'].tolist() for item in results['expressions']]
    assert ids == [[2, 4, 5, 3], [2, 5, 3], [2, 5, 5, 3]]
    for item in results['expressions']:
        assert item['token_ids'].dtype == np.int64
        assert item['text_padding_mask'].dtype == bool
        assert item['text_padding_mask'].tolist() == [False] * len(item['token_ids'])


def test_config_of_the_tokenizer_is_left_alone():
    config = dict(type='WordPieceTokenizer', vocab=VOCAB)
    TokenizeExpression(config, 5)
    assert config == dict(type='WordPieceTokenizer', vocab=VOCAB)


def test_repr_shows_arguments():
    assert repr(PickExpression()) == "PickExpression(mode='random')"
    shown = repr(RandomApplyUnlessWords([Resize(long=4)], 0.5, ['left']))
    assert 'Resize(long=4' in shown and "words=('left',)" in shown
    shown = repr(TokenizeExpression(dict(type='WordPieceTokenizer', vocab=VOCAB), 5))
    assert '6 pieces' in shown and 'max_length=5' in shown
