"""One expression is picked, with the instances that it names."""
import numpy as np
import pytest

from segvg.datasets.transforms import PickExpression
from segvg.datasets.transforms.expressions import renumber, used_instances
from tests.datasets.transforms.conftest import expression


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
