"""A threshold is chosen on val, kept with its source, and taken by test.py."""
import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from segvg.engine.launch import build_runner
from tests.generalized_toy import make_generalized_data
from tests.tools.running import run_tool, tool_error
from tests.toy import ROOT, toy_config

pytestmark = pytest.mark.slow

CHOOSE = 'analysis_tools/choose_threshold.py'
CONFIG = ROOT / 'configs/siri/siri_grefcoco.py'


class Project:
    """Toy data with several targets or none, a toy SiRi, two checkpoints of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        data = make_generalized_data(root / 'data')
        cfg = toy_config(CONFIG, data, root / 'work')
        self.config = root / 'toy_siri.py'
        cfg.dump(self.config)
        model = build_runner(toy_config(CONFIG, data, root / 'work')).model
        self.checkpoint, self.other = root / 'toy.pth', root / 'other.pth'
        torch.save(dict(state_dict=model.state_dict()), self.checkpoint)
        model.head.classify[0].bias.data += 1
        torch.save(dict(state_dict=model.state_dict()), self.other)


@pytest.fixture(scope='module')
def project(tmp_path_factory):
    return Project(tmp_path_factory.mktemp('project'))


@pytest.fixture(scope='module')
def chosen(project):
    file = project.root / 'chosen' / 'threshold.json'
    with pytest.MonkeyPatch.context() as patch:
        run_tool(patch, CHOOSE, project.config, project.checkpoint, '--out', file)
    return file


def test_the_best_of_the_curve_is_kept_with_its_source(chosen, project):
    content = json.loads(chosen.read_text())
    scores = [point['grec/Pr@(F1=1)'] for point in content['curve']]
    assert len(scores) == 101 and content['score'] == max(scores)
    best = {point['threshold']: point for point in content['curve']}
    assert best[content['threshold']]['grec/Pr@(F1=1)'] == content['score']
    assert content['parameter'] == 'score_threshold'
    assert content['select'] == 'grec/Pr@(F1=1)'
    assert content['threshold_of_config'] == 0.7
    assert content['sources'] == [['toy', 'val']] and content['num_expressions'] == 12
    assert content['config'] == str(project.config)
    assert len(content['checkpoint_sha256']) == 64
    with Image.open(chosen.with_suffix('.png')) as picture:
        assert picture.size == (900, 600)


def test_scores_are_those_of_the_curve_and_name_the_file(chosen, project, tmp_path,
                                                         monkeypatch, capsys):
    out = tmp_path / 'scores.json'
    run_tool(monkeypatch, 'test.py', project.config, project.checkpoint, '--out', out,
             '--no-target-threshold', chosen)
    choice, scores = json.loads(chosen.read_text()), json.loads(out.read_text())
    assert scores['metrics']['grec/Pr@(F1=1)'] == choice['score']
    for item in scores['thresholds']:  # by IoU and by the official rule
        assert item['value'] == choice['threshold']
        assert item['source']['file'] == str(chosen)
        assert item['source']['sources'] == [['toy', 'val']]
        assert 'curve' not in item['source']
    assert f'(chosen on val, {chosen})' in capsys.readouterr().out
    run_tool(monkeypatch, 'test.py', project.config, project.checkpoint, '--out', out,
             '--overwrite')
    assert [(item['value'], item['source']) for item in json.loads(out.read_text())[
        'thresholds']] == [(0.7, 'config')] * 2


def test_it_is_for_the_other_splits_too(chosen, project, tmp_path, monkeypatch):
    out = tmp_path / 'scores.json'
    run_tool(monkeypatch, 'test.py', project.config, project.checkpoint, '--out', out,
             '--no-target-threshold', chosen, '--split', 'testA', '--show-dir',
             tmp_path / 'pictures')
    assert len(list((tmp_path / 'pictures').iterdir())) == 12
    assert json.loads(out.read_text())['thresholds'][0]['source']['file'] == str(chosen)


def test_other_splits_are_refused_for_choosing(project, tmp_path, monkeypatch):
    told = tool_error(
        monkeypatch, CHOOSE, project.config, project.checkpoint, '--out',
        tmp_path / 'no.json', '--cfg-options',
        'val_dataloader.dataset.ann_file=toy_testA.jsonl')
    assert 'chosen on the split testA: it has to be chosen on val' in told
    assert not (tmp_path / 'no.json').exists()


def test_unusable_files_are_refused(chosen, project, tmp_path, monkeypatch):
    def told(content, checkpoint=project.checkpoint, config=project.config):
        file = tmp_path / 'threshold.json'
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return tool_error(monkeypatch, 'test.py', config, checkpoint,
                          '--no-target-threshold', file)

    choice = json.loads(chosen.read_text())
    assert 'not a JSON file' in told('threshold = 1')
    assert 'lacks parameter, threshold' in told({})
    assert 'chosen on the split testA' in told(choice | dict(
        sources=[['toy', 'testA'], ['toy', 'val']]))
    assert 'chosen for other weights' in told(choice, project.other)
    assert 'no metric in the test_evaluator' in told(choice | dict(
        parameter='no_target_threshold'))


def test_a_config_without_such_a_metric_is_refused(project, monkeypatch):
    told = tool_error(monkeypatch, CHOOSE, project.config, project.checkpoint,
                      '--metric', 'GeneralizedMaskIoU')
    assert 'GeneralizedMaskIoU is not in the val_evaluator' in told
    told = tool_error(monkeypatch, CHOOSE, project.config, project.checkpoint,
                      '--select', 'grec/F2')
    assert "'grec/F2' is not one of the scores, which are grec/Pr@(F1=1)" in told
