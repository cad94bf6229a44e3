"""The tools of Partial-RES: subset, pseudo labels, all steps."""
import runpy
from argparse import Namespace
from pathlib import Path

import pytest

from segvg.datasets.canonical import CanonicalFile
from segvg.engine.launch import build_runner
from tests.tools.running import run_tool, tool_error
from tests.toy import ROOT, make_data, toy_config

CONFIG = ROOT / 'configs/partial_res/partial_res_tiny_synthref_l0.py'


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return make_data(Path('data'))


def draw(monkeypatch) -> Path:
    run_tool(monkeypatch, 'draw_subset.py', 'data/toy_train.jsonl', '--percent', '40',
             '--out', 'subset')
    return Path('subset/toy_sample40_train.jsonl')


def test_subset_is_drawn(data, monkeypatch):
    assert len(CanonicalFile(draw(monkeypatch))) <= 3
    assert 'at most 100, not 0' in tool_error(
        monkeypatch, 'draw_subset.py', 'data/toy_train.jsonl', '--percent', '0',
        '--out', 'subset')


@pytest.mark.parametrize('threshold, pseudo', [('3', True), ('-1', False)])
def test_pseudo_labels_of_a_checkpoint(data, monkeypatch, threshold, pseudo):
    subset = draw(monkeypatch)
    cfg = toy_config(CONFIG, data, Path('work'))
    runner = build_runner(cfg)
    runner.save_checkpoint('.', 'a.pth', save_optimizer=False,
                           save_param_scheduler=False)
    # contours as they are drawn by hand: a triangle, whatever the image
    monkeypatch.setattr(
        'segvg.models.heads.sequence_head.SequenceHead.forward', triangle)
    cfg.dump('config.py')
    run_tool(monkeypatch, 'make_pseudo_labels.py', 'config.py', 'a.pth',
             '--annotations', 'data/toy_train.jsonl', '--labelled', subset, '--out',
             'pseudo', '--threshold', threshold)
    made = CanonicalFile('pseudo/toy_sample40_pseudo_train.jsonl')
    note = made.meta['pseudo_labels']
    assert note['labelled'] == 3
    assert (note['pseudo'] > 0) is pseudo
    assert sum(len(line['exprs']) for line in made) >= 3


def triangle(head, fused):
    import torch
    tokens = torch.full((len(fused.memory.feats), head.parts[0].num_steps), head.end)
    tokens[:, :6] = torch.tensor([10, 10, 10, 40, 40, 40])
    return [tokens]


def make_pipeline(tmp_path, **changes):
    tool = runpy.run_path(str(ROOT / 'tools/partial_res.py'))
    args = dict(config=str(CONFIG), percent=None, cfg_options=[], rec_checkpoint=None,
                work_dir=str(tmp_path / 'work'))
    pipeline = tool['Pipeline'](Namespace(**{**args, **changes}))
    pipeline.calls = []
    pipeline.tool = lambda *arguments: pipeline.calls.append(list(map(str, arguments)))
    return pipeline, tool['STEPS']


def test_steps_call_the_tools_in_order_and_only_once(tmp_path):
    pipeline, steps = make_pipeline(tmp_path)
    for step in steps[:5]:
        pipeline.run(step)
        folder = tmp_path / 'work' / step
        (folder / 'best_x_epoch_1.pth').touch()
        (folder / 'part_train.jsonl').touch()
    assert [call[0] for call in pipeline.calls] == [
        'train.py', 'draw_subset.py', 'train.py', 'make_pseudo_labels.py', 'train.py']
    assert pipeline.calls[1][1].endswith('synthref_L0_train.jsonl')
    start = f'load_from={tmp_path}/work/1_rec/best_x_epoch_1.pth'
    for call, source in ((2, '2_subset'), (4, '4_pseudo')):
        file = tmp_path / 'work' / source / 'part_train.jsonl'
        assert start in pipeline.calls[call]
        assert f'train_dataloader.dataset.ann_file={file}' in pipeline.calls[call]
    pipeline.run(steps[0])
    assert len(pipeline.calls) == 5


def test_stopped_training_goes_on(tmp_path):
    pipeline, steps = make_pipeline(tmp_path)
    folder = tmp_path / 'work' / steps[0]
    folder.mkdir(parents=True)
    (folder / 'last_checkpoint').touch()
    pipeline.run(steps[0])
    assert '--resume' in pipeline.calls[0]


def test_failed_step_is_not_done(tmp_path):
    pipeline, steps = make_pipeline(tmp_path)

    def refuse(*_):
        raise ValueError('no')
    pipeline.tool = refuse
    with pytest.raises(ValueError, match='no'):
        pipeline.run(steps[0])
    assert not (tmp_path / 'work' / steps[0] / 'done').exists()


def test_given_box_model_and_missing_steps(tmp_path):
    pipeline, steps = make_pipeline(tmp_path, rec_checkpoint='rec.pth')
    pipeline.run(steps[0])
    assert pipeline.calls == []
    with pytest.raises(FileNotFoundError, match='2_subset has to be done before'):
        pipeline.run(steps[2])
    with pytest.raises(FileNotFoundError, match='3_res has to be done before'):
        pipeline.run(steps[3])


def test_config_without_settings_is_told(tmp_path):
    with pytest.raises(ValueError, match='has no `partial_res` with rec_config'):
        make_pipeline(tmp_path, config=str(
            ROOT / 'configs/seqtr/seqtr_tiny_det_synthref_l0.py'))
