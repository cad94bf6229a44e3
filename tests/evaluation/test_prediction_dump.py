"""All predictions of a test in a file."""
import pickle

import pytest
import torch

from segvg.evaluation import PredictionDump
from segvg.structures.masks import decode_rle

MASK = torch.zeros(2, 4, 6, dtype=torch.bool)
MASK[0, 1:3, 2:5] = True


def sample(expr_idx, **more):
    prediction = dict(bboxes=torch.tensor([[2.0, 1, 5, 3], [0, 0, 6, 4]]),
                      scores=torch.tensor([0.25, 0.5]), masks=MASK)
    return dict(dataset='toy', split='val', expr_idx=expr_idx, expr_id=f'e{expr_idx}',
                text='red', ori_shape=(4, 6), pred_instances=prediction, **more)


def test_file_has_the_predictions_in_the_order_of_the_data(tmp_path):
    metric = PredictionDump(tmp_path / 'new' / 'p.pkl')
    metric.process(None, [sample(1), sample(0, no_target_score=torch.tensor(0.75),
                                            global_mask=MASK[0])])
    assert metric.evaluate(1) == {}
    first, second = pickle.loads((tmp_path / 'new' / 'p.pkl').read_bytes())
    assert (first['expr_id'], second['expr_id']) == ('e0', 'e1')
    found = first['pred_instances']
    assert found['bboxes'] == [[2, 1, 5, 3], [0, 0, 6, 4]]
    assert found['scores'] == [0.25, 0.5] and first['ori_shape'] == [4, 6]
    assert (decode_rle(found['masks'][0]) == MASK[0].numpy()).all()
    assert (decode_rle(first['global_mask']) == MASK[0].numpy()).all()
    assert first['no_target_score'] == 0.75 and 'no_target_score' not in second


def test_only_the_first_test_is_written(tmp_path):
    metric = PredictionDump(tmp_path / 'p.pkl')
    for expr_idx in (3, 4):  # averaged weights, then plain ones
        metric.process(None, [sample(expr_idx)])
        metric.evaluate(1)
    [record] = pickle.loads((tmp_path / 'p.pkl').read_bytes())
    assert record['expr_idx'] == 3
    with pytest.raises(ValueError, match='p.json does not end in .pkl or .pickle'):
        PredictionDump('p.json')
