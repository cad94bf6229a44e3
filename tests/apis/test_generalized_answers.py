"""Several targets and "not in this image": printed, in JSON and in the picture."""
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData
from PIL import Image

from segvg.apis import GroundingInferencer
from segvg.engine.hooks.visualization_hook import GroundingVisualizationHook
from segvg.evaluation import GeneralizedBoxF1
from segvg.leakage.provenance import sha256_of
from segvg.registry import MODELS
from segvg.structures.masks import decode_rle
from segvg.utils.configs import load
from segvg.visualization import GroundingVisualizer
from segvg.visualization import visualizer as drawing
from tests.tools.running import run_tool
from tests.toy import ROOT, make_data, toy_config

pytestmark = pytest.mark.slow

LEFT, RIGHT = [2.0, 4.0, 20.0, 24.0], [30.0, 10.0, 50.0, 40.0]
SCORES = {'two': (0.9, 0.8, 0.1), 'one': (0.2, 0.75, 0.1), 'none': (0.2, 0.4, 0.1)}


@pytest.fixture(scope='module')
def toy(tmp_path_factory):
    """Config, checkpoint and images of a toy SiRi for boxes of many targets or none."""
    root = tmp_path_factory.mktemp('toy')
    data = make_data(root / 'data')
    cfg = toy_config(ROOT / 'configs/siri/siri_grefcoco.py', data, root)
    cfg.dump(root / 'toy.py')
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('segvg'):
        model = MODELS.build(cfg.model)
    torch.save(dict(state_dict=model.state_dict()), root / 'toy.pth')
    return SimpleNamespace(config=root / 'toy.py', weights=root / 'toy.pth',
                           image=data / 'images' / 'val_0.png')


def answer(sample):
    """Replace the predictions of a sample by the ones that its text asks for."""
    scores = torch.tensor(SCORES[sample.text])
    whole = torch.zeros(3, 48, 60, dtype=torch.bool)
    whole[0, 4:24, 2:20] = whole[1, 10:40, 30:50] = True
    sample.pred_instances = InstanceData(
        bboxes=torch.tensor([LEFT, RIGHT, LEFT]), scores=scores, masks=whole)
    sample.no_target_score = 1 - scores.max()
    return sample


@pytest.fixture
def ground(toy, monkeypatch):
    made = GroundingInferencer(toy.config, toy.weights, 'cpu')
    step = made.model.test_step
    monkeypatch.setattr(made.model, 'test_step', lambda batch: [
        answer(sample) for sample in step(batch)])
    return made


def test_all_targets_are_in_the_answer_or_none_is(ground, toy, tmp_path):
    [[two, one, none]] = ground(toy.image, list(SCORES), tmp_path)['predictions']
    assert [target['bbox'] for target in two['targets']] == [LEFT, RIGHT]
    assert two['bbox'] == LEFT and two['score'] == pytest.approx(0.9)
    assert two['no_target'] is one['no_target'] is False
    assert decode_rle(two['targets'][1]['mask']).sum() == 600
    assert [target['bbox'] for target in one['targets']] == [RIGHT]
    assert none['no_target'] is True and none['targets'] == []
    assert none['bbox'] is none['score'] is none['mask'] is None
    assert none['no_target_score'] == pytest.approx(0.6)
    records = json.loads((tmp_path / 'predictions.json').read_text())
    assert [record['no_target'] for record in records] == [False, False, True]
    assert len(list(tmp_path.glob('*.jpg'))) == 3


def test_pictures_show_all_targets_or_say_that_there_is_none(ground, toy, monkeypatch):
    seen = []
    monkeypatch.setattr(drawing, 'draw_picture', lambda image, text, layers, **more: (
        seen.append([(layer.label, len(layer.bboxes), layer.mask is not None)
                     for layer in layers]), image)[1])
    ground(toy.image, list(SCORES), return_vis=True)
    assert seen == [[('2 predictions 0.90 0.80', 2, True)],
                    [('prediction 0.75', 1, True)],
                    [('not in this image 0.60', 0, False)]]


def test_another_kind_of_config_has_one_best_answer(toy, tmp_path):
    cfg = load(toy.config)
    cfg.test_evaluator = dict(type='BoxAccuracy')
    assert GroundingInferencer(cfg, toy.weights, 'cpu').rule is None


def test_parts_of_a_mask_can_be_targets_of_their_own(ground, toy):
    ground.mask_parts = True
    [[two, none]] = ground(toy.image, ['two', 'none'])['predictions']
    assert [target['bbox'] for target in two['targets']] == [LEFT, RIGHT]
    assert none['targets'] == []


@pytest.fixture
def infer(toy, monkeypatch, tmp_path):
    """Call tools/infer.py with answers that are known."""
    step = GroundingInferencer.predict

    def predict(self, *arguments):
        return [[answer(sample) for sample in group]
                for group in step(self, *arguments)]

    monkeypatch.setattr(GroundingInferencer, 'predict', predict)

    def call(*more):
        texts = [part for text in SCORES for part in ('--text', text)]
        run_tool(monkeypatch, 'infer.py', toy.image, *texts, '--config', toy.config,
                 '--checkpoint', toy.weights, '--out-dir', tmp_path / 'out', *more)
        return json.loads((tmp_path / 'out' / 'predictions.json').read_text())
    return call


def test_table_has_a_line_for_each_target_and_says_none(infer, capsys):
    infer()
    assert [line.split() for line in capsys.readouterr().out.splitlines()[1:5]] == [
        ['val_0.png', 'two', '0.90', '2', '4', '20', '24'],
        ['val_0.png', 'two', '0.80', '30', '10', '50', '40'],
        ['val_0.png', 'one', '0.75', '30', '10', '50', '40'],
        ['val_0.png', 'none', '-', 'not', 'in', 'this', 'image']]


def test_a_chosen_threshold_decides(infer, toy, tmp_path, capsys):
    file = tmp_path / 'threshold.json'
    file.write_text(json.dumps(dict(
        parameter='score_threshold', threshold=0.3, select='grec/N-acc', score=50.0,
        sources=[['toy', 'val']], checkpoint_sha256=sha256_of(toy.weights))))
    records = infer('--no-target-threshold', file)
    assert [len(record['targets']) for record in records] == [2, 1, 1]
    assert 'not in this image' not in capsys.readouterr().out


def test_hook_draws_by_the_rule_of_the_metric(tmp_path):
    Image.fromarray(np.zeros((8, 9, 3), np.uint8)).save(tmp_path / 'cat.png')
    rules = []
    visualizer = SimpleNamespace(
        add_datasample=lambda *_, rule=None, **more: rules.append(rule))
    metric = GeneralizedBoxF1(score_threshold=0.25)
    runner = SimpleNamespace(
        visualizer=visualizer, iter=0, work_dir=str(tmp_path), timestamp='now',
        test_evaluator=SimpleNamespace(metrics=[object(), metric]))
    sample = SimpleNamespace(img_path=str(tmp_path / 'cat.png'))
    hook = GroundingVisualizationHook(draw=True)
    hook.after_test_iter(runner, 0, {}, [sample])
    hook.after_val_iter(runner, 0, {}, [sample])
    assert rules == [metric.rule, None]


def test_drawn_masks_of_several_targets_are_united(toy):
    sample = answer(SimpleNamespace(text='two', get=lambda *_: None))
    layer, _ = GroundingVisualizer()._prediction(sample, GeneralizedBoxF1().rule)
    assert layer.mask.sum() == 360 + 600
