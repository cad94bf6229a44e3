"""A threshold from a file reaches every metric that decides by it, and no other."""
import json

import pytest
from mmengine.config import Config

from segvg.evaluation import answer_rule
from segvg.evaluation.thresholds import tell, thresholds_in_use, use_threshold
from segvg.leakage.provenance import sha256_of


@pytest.fixture
def files(tmp_path):
    """Paths of a threshold file and of the weights it is for."""
    weights, file = tmp_path / 'model.pth', tmp_path / 'threshold.json'
    weights.write_bytes(b'weights')
    file.write_text(json.dumps(dict(
        parameter='no_target_threshold', threshold=0.37, select='gres/gIoU', score=60.0,
        sources=[['grefcoco_unc', 'val']], checkpoint_sha256=sha256_of(weights),
        curve=[])))
    return str(file), str(weights)


def test_every_metric_that_decides_by_it_takes_it(files):
    cfg = Config(dict(test_evaluator=[
        dict(type='MaskIoU'), dict(type='GeneralizedMaskIoU'),
        dict(type='NetworkGeneralizedMaskIoU'), dict(type='GeneralizedBoxF1'),
        dict(type='MaskPartBoxF1', min_pixels=4)]))
    choice = use_threshold(cfg, *files)
    assert choice['file'] == files[0] and 'curve' not in choice
    in_use = {item['metric']: item for item in thresholds_in_use(cfg, choice)}
    assert {name: item['value'] for name, item in in_use.items()} == dict(
        GeneralizedMaskIoU=0.37, NetworkGeneralizedMaskIoU=0.37, GeneralizedBoxF1=0.7,
        MaskPartBoxF1=0.37)
    assert in_use['GeneralizedBoxF1']['source'] == 'config'
    assert in_use['MaskPartBoxF1']['source'] is choice
    assert cfg.test_evaluator[4].min_pixels == 4
    assert tell(in_use['GeneralizedMaskIoU']) == (
        f'GeneralizedMaskIoU: no_target_threshold 0.37 (chosen on val, {files[0]})')
    # and so does what infer.py answers by
    assert answer_rule(cfg.test_evaluator).no_target_threshold == 0.37


def test_a_single_metric_is_a_dict(files):
    cfg = Config(dict(test_evaluator=dict(type='RobustMaskIoU')))
    use_threshold(cfg, *files)
    assert cfg.test_evaluator.no_target_threshold == 0.37


def test_configs_without_such_metrics_have_no_threshold():
    for evaluator in (None, dict(type='BoxAccuracy'), [dict(type='other.Metric')]):
        assert list(thresholds_in_use(Config(dict(test_evaluator=evaluator)), None)
                    ) == []
        assert answer_rule(evaluator) is None
