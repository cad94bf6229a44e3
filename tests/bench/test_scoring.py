"""Predictions of other programs are scored by the same metrics."""
import json

import pytest
from mmengine.config import Config

from segvg.bench.card import read_card, read_rows
from segvg.bench.compare import compare_cards
from segvg.bench.predictions_file import read_predictions
from segvg.bench.scoring import score_predictions, write_scored_card
from segvg.utils.errors import InputError
from tests.generalized_toy import make_generalized_data
from tests.toy import make_data


def config(data, *metrics):
    loader = dict(dataset=dict(type='GroundingDataset', data_root=str(data),
                               ann_file='toy_val.jsonl', sample_by='image'))
    return Config(dict(test_dataloader=loader, test_evaluator=list(metrics)))


def truth(data):
    """Return right predictions for every expression of the validation data."""
    lines = [json.loads(line) for line in
             (data / 'toy_val.jsonl').read_text().splitlines()]
    records = []
    for line in lines:
        for expr in line['exprs']:
            targets = [line['instances'][index] for index in expr['targets']]
            records.append(dict(expr_idx=len(records), no_target=not targets, targets=[
                dict(bbox=item['bbox'], mask=item['segm']['poly'])
                for item in targets]))
    return records


def scored(cfg, records, tmp_path, name='p.json'):
    path = tmp_path / name
    path.write_text(json.dumps(records))
    return score_predictions(cfg, read_predictions(path), path), path


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp('data'))


BOXES, MASKS = dict(type='BoxAccuracy'), dict(type='MaskIoU')


def test_right_predictions_score_100_and_missing_ones_are_misses(data, tmp_path):
    records = truth(data)
    found, _ = scored(config(data, BOXES, MASKS), records, tmp_path)
    assert found.scores['rec/acc@0.5'] == found.scores['res/mIoU'] == 100
    assert found.missing == [] and len(found.log.rows) == 12
    found, _ = scored(config(data, BOXES, MASKS), records[:9], tmp_path)
    assert found.scores['rec/acc@0.5'] == found.scores['res/mIoU'] == 75
    assert [item['expr_idx'] for item in found.missing] == [9, 10, 11]


def test_metric_that_needs_more_is_left_out_and_named(data, tmp_path):
    boxes = [dict(expr_idx=item['expr_idx'], bbox=item['targets'][0]['bbox'])
             for item in truth(data)]
    found, _ = scored(config(data, BOXES, MASKS, dict(type='NetworkMaskIoU')), boxes,
                      tmp_path)
    assert found.scores['rec/mIoU'] == 100 and 'res/mIoU' not in found.scores
    assert 'predictions without masks' in found.unscored['MaskIoU']
    assert set(found.unscored) == {'MaskIoU', 'NetworkMaskIoU'}
    with pytest.raises(InputError, match='lacks values that the metrics of .* need'):
        scored(config(data, MASKS), boxes, tmp_path)


def test_box_around_a_mask_and_wrong_masks(data, tmp_path):
    masks = [dict(expr_idx=item['expr_idx'], mask=item['targets'][0]['mask'])
             for item in truth(data)]
    found, _ = scored(config(data, BOXES), masks, tmp_path)
    assert found.scores['rec/acc@0.9'] == 100
    masks[1]['mask'] = dict(size=[4, 6], counts=[24])
    with pytest.raises(InputError, match=r'record 2 \(expr_idx 1\): the mask cannot be '
                       'read: a mask of 4 x 6 pixels'):
        scored(config(data, BOXES), masks, tmp_path)


@pytest.mark.parametrize('metric, names', [
    (dict(type='GeneralizedMaskIoU'), ['gres/gIoU', 'gres/N-acc']),
    (dict(type='GeneralizedMaskIoU', min_pixels=50, no_target_threshold=None),
     ['gres/gIoU', 'gres/N-acc']),
    (dict(type='GeneralizedBoxF1', score_threshold=0.7),
     ['grec/Pr@(F1=1)', 'grec/N-acc'])])
def test_missing_prediction_is_a_miss_where_nothing_is_right(metric, names, tmp_path):
    data = make_generalized_data(tmp_path / 'data')
    cfg, records = config(data, metric), truth(data)
    found, _ = scored(cfg, records, tmp_path)
    assert [found.scores[name] for name in names] == [100, 100]
    found, _ = scored(cfg, records[:1], tmp_path)
    assert all(found.scores[name] < 34 for name in names)


def test_parts_and_pairs_of_expressions_are_scored(tmp_path):
    data = make_data(tmp_path / 'data')
    path = data / 'toy_val.jsonl'
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        for expr in line['exprs']:
            expr.update(ref_id=expr['id'], source='presence')
    first, second = (line['exprs'][0] for line in lines[:2])
    second.update(targets=[], source='absence', negative_of=first['id'])
    path.write_text(''.join(json.dumps(line) + '\n' for line in lines))
    found, _ = scored(config(data, dict(type='DescriptionAP'),
                             dict(type='PairedNegatives')), truth(data), tmp_path)
    assert found.scores['dod/AP presence'] == pytest.approx(100)
    assert found.scores['finecops/Precision@1 (presence)'] == 100
    assert found.scores['finecops/AUROC (absence)'] == 100


def test_card_can_be_compared(data, tmp_path):
    cfg, records = config(data, BOXES), truth(data)
    cards = []
    for name, part in (('theirs', records), ('ours', records[:6])):
        found, path = scored(cfg, part, tmp_path, f'{name}.json')
        write_scored_card(tmp_path / f'{name}.card.json', cfg, path, found, name)
        cards.append(read_card(tmp_path / f'{name}.card.json'))
    theirs, ours = compare_cards(cards, ['rec/acc@0.5'], draws=50)
    assert theirs.cells['rec/acc@0.5'].value.score == 100
    assert ours.cells['rec/acc@0.5'].value.score == 50
    rows = read_rows(tmp_path / 'ours.card.json')
    assert len(rows) == 12 and rows[-1]['bboxes'] == []
