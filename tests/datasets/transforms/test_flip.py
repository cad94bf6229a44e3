"""A flip mirrors pixels, boxes, masks and the words for sides."""
import numpy as np
import pytest

from segvg.datasets.transforms import PlaceOnCanvas, RandomFlip, TokenizeExpression
from tests.datasets.transforms.conftest import bounds, expression


def test_flip_mirrors_everything(make_results):
    results = make_results(bboxes=[(10, 20, 40.5, 50), (0, 0, 80, 60)],
                           texts=['left cat', 'Right cat'])
    before = results['img'].copy()
    results = RandomFlip(prob=1)(results)
    np.testing.assert_array_equal(results['img'], before[:, ::-1])
    assert results['gt_bboxes'].tolist() == [[39.5, 20, 70, 50], [0, 0, 80, 60]]
    assert results['gt_bboxes'].dtype == np.float32
    assert bounds(results['gt_masks'][0]) == [40, 20, 70, 50]
    texts = [item['text'] for item in results['expressions']]
    assert texts == ['right cat', 'Left cat']
    assert results['flip'] is True


def test_flipping_twice_changes_nothing(make_results):
    before, after = (make_results(texts=['left bright']) for _ in range(2))
    for _ in range(2):
        after = RandomFlip(prob=1)(after)
    for key in ('img', 'gt_bboxes', 'gt_masks'):
        np.testing.assert_array_equal(after[key], before[key])
    assert after['expressions'] == before['expressions'] and after['flip'] is False


def test_flip_happens_with_its_probability(make_results):
    np.random.seed(0)
    flips = [RandomFlip(prob=0.3)(make_results(4, 4, []))['flip'] for _ in range(300)]
    assert 60 < sum(flips) < 120


def test_flip_needs_no_annotations(make_results):
    results = make_results(with_mask=False)
    for key in ('gt_bboxes', 'expressions'):
        del results[key]
    assert RandomFlip(prob=1)(results)['flip'] is True


def test_flip_after_placement_is_refused(make_results):
    results = PlaceOnCanvas(99)(make_results())
    with pytest.raises(ValueError, match='RandomFlip comes before PlaceOnCanvas'):
        RandomFlip(prob=1)(results)


def test_flip_after_tokenising_is_refused(make_results):
    results = make_results(texts=['left cat'])
    results['expressions'] = [expression('left cat')]
    results = TokenizeExpression(lambda text, length: np.arange(3), 5)(results)
    with pytest.raises(ValueError, match="'left cat' is tokenized already"):
        RandomFlip(prob=1)(results)


def test_swap_is_checked():
    with pytest.raises(ValueError, match="swap is one of .*not 'letters'"):
        RandomFlip(swap='letters')


def test_languages_and_pairs_are_checked():
    with pytest.raises(ValueError, match="languages are some of .*not 'latin'"):
        RandomFlip(swap='word', languages=['latin'])
    with pytest.raises(ValueError, match="languages and pairs need swap='word'"):
        RandomFlip(pairs=[('sinistra', 'destra')])


def test_flip_swaps_words_of_its_languages(make_results):
    flip = RandomFlip(1, 'word', languages=['german'], pairs=[('sinistra', 'destra')])
    results = flip(make_results(texts=['links', 'a destra', 'left']))
    texts = [item['text'] for item in results['expressions']]
    assert texts == ['rechts', 'a sinistra', 'left']
