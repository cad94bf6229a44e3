"""Training, stopping, resuming, scoring: the same scores however it is run."""
import json
import os
import re
import socket
from pathlib import Path

import pytest
import torch

from segvg.bench.card import read_card, read_rows
from segvg.checkpoints.io import load_checkpoint
from segvg.engine.launch import build_runner
from segvg.evaluation.base import shares
from tests.tools.running import run_shell, run_tool, tool_error
from tests.toy import ROOT, make_data, toy_config

pytestmark = pytest.mark.slow

SEGVG = ROOT / 'configs/segvg/segvg_refcoco.py'
TRANSVG = ROOT / 'configs/transvg/transvg_refcoco.py'


class Project:
    """Toy data, a toy SegVG config and a checkpoint of it."""

    def __init__(self, root: Path) -> None:
        self.data = make_data(root / 'data')
        self.work = root / 'work'
        cfg = toy_config(SEGVG, self.data, self.work)
        cfg.custom_hooks[0].epochs = 1  # thaws in the second epoch
        self.config = root / 'toy_segvg.py'
        cfg.dump(self.config)
        runner = build_runner(toy_config(SEGVG, self.data, self.work))
        self.checkpoint = root / 'toy.pth'
        torch.save(dict(state_dict=runner.model.state_dict()), self.checkpoint)


@pytest.fixture(scope='module')
def project(tmp_path_factory):
    return Project(tmp_path_factory.mktemp('project'))


def read_scores(path: Path) -> dict:
    content = json.loads(path.read_text())
    assert content['num_expressions'] == 12
    return content['metrics']


@pytest.fixture(scope='module')
def scores(project, tmp_path_factory):
    """Scores with images shared by their expressions, batch size 2, one process."""
    out = tmp_path_factory.mktemp('scores') / 'scores.json'
    with pytest.MonkeyPatch.context() as patch:
        run_tool(patch, 'test.py', project.config, project.checkpoint, '--out', out)
    return read_scores(out)


def test_scores_have_the_names_of_the_field(scores):
    names = [f'rec/acc@{t}' for t in (0.5, 0.6, 0.7, 0.8, 0.9)] + ['rec/mIoU']
    assert list(scores) == names
    assert 0 < scores['rec/mIoU'] < 100


@pytest.mark.parametrize('options', [
    ['test_dataloader.dataset.sample_by=expression'],
    ['test_dataloader.batch_size=1'],
    ['test_dataloader.batch_size=8', 'test_dataloader.dataset.sample_by=expression'],
    ['test_dataloader.batch_size=8', 'test_dataloader.num_workers=2'],
])
def test_batches_do_not_change_scores(options, project, scores, tmp_path, monkeypatch):
    run_tool(monkeypatch, 'test.py', project.config, project.checkpoint, '--out',
             tmp_path / 'o.json', '--cfg-options', *options)
    assert read_scores(tmp_path / 'o.json') == pytest.approx(scores, abs=1e-3)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def test_two_processes_give_the_same_scores(project, scores, tmp_path,
                                            monkeypatch):
    """Four images over two processes in batches of two, then three: one twice."""
    monkeypatch.setenv('PORT', str(free_port()))
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    run_shell('bash', 'tools/dist_test.sh', project.config, project.checkpoint, 2,
              '--out', tmp_path / 'o.json', '--work-dir', tmp_path / 'work',
              '--cfg-options', 'test_dataloader.batch_size=3')
    assert read_scores(tmp_path / 'o.json') == pytest.approx(scores, abs=1e-3)


def test_two_processes_train_with_frozen_parts(project, tmp_path, monkeypatch):
    monkeypatch.setenv('PORT', str(free_port()))
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    run_shell('bash', 'tools/dist_train.sh', project.config, 2, '--work-dir', tmp_path,
              '--cfg-options', 'train_cfg.max_epochs=2', 'train_cfg.val_interval=2',
              'train_dataloader.batch_size=1')
    state = load_checkpoint(str(tmp_path / 'epoch_2.pth'))
    assert state['meta']['epoch'] == 2


def test_stopped_training_is_resumed(project, tmp_path, monkeypatch):
    """The second run starts from the first one's weights, optimiser and epoch."""
    run_tool(monkeypatch, 'train.py', project.config, '--work-dir', tmp_path)
    first = load_checkpoint(str(tmp_path / 'epoch_1.pth'))
    run_tool(monkeypatch, 'train.py', project.config, '--work-dir', tmp_path,
             '--resume', '--cfg-options', 'train_cfg.max_epochs=2')
    second = load_checkpoint(str(tmp_path / 'epoch_2.pth'))
    assert (first['meta']['epoch'], second['meta']['epoch']) == (1, 2)
    assert second['meta']['iter'] == 2 * first['meta']['iter']
    # A parameter that trains from the start has twice the steps, one that was frozen
    # in the first epoch only those of the second.
    steps = [int(state['step']) for state in second['optimizer']['state'].values()]
    assert set(steps) == {first['meta']['iter'], second['meta']['iter']}


def test_pictures_and_split(project, tmp_path, monkeypatch, capsys):
    run_tool(monkeypatch, 'test.py', project.config, project.checkpoint, '--show-dir',
             tmp_path / 'pictures', '--split', 'train')
    assert len(list((tmp_path / 'pictures').iterdir())) == 12
    assert 'toy_train.jsonl: 12 expressions' in capsys.readouterr().out


EVAL = 'analysis_tools/eval_predictions.py'


def test_written_predictions_have_the_same_scores(project, scores, tmp_path,
                                                  monkeypatch, capsys):
    pickle, card = tmp_path / 'p.pkl', tmp_path / 'card.json'
    run_tool(monkeypatch, 'test.py', project.config, project.checkpoint, '--out',
             pickle, '--out', tmp_path / 'o.json', '--card', card)
    run_tool(monkeypatch, EVAL, project.config, pickle, '--name', 'theirs', '--out',
             tmp_path / 'again.json', '--card', tmp_path / 'again_card.json')
    assert read_scores(tmp_path / 'o.json') == pytest.approx(scores, abs=1e-3)
    assert read_scores(tmp_path / 'again.json') == pytest.approx(scores, abs=1e-3)
    capsys.readouterr()
    run_tool(monkeypatch, 'compare.py', card, tmp_path / 'again_card.json', '--draws',
             '50')
    rows = capsys.readouterr().out
    assert 'toy_segvg' in rows and 'theirs' in rows


def test_predictions_of_another_program(project, tmp_path, monkeypatch, capsys):
    file = tmp_path / 'p.json'
    file.write_text(json.dumps([dict(expr_idx=3, bbox=[1, 1, 9, 9])]))
    run_tool(monkeypatch, EVAL, project.config, file)
    out = capsys.readouterr().out
    assert 'toy_val.jsonl: 12 expressions, 1 predictions' in out
    assert 'warning: 11 of 12 expressions have no prediction and count as misses' in out
    file.write_text(json.dumps([dict(expr_idx=30, bbox=[1, 1, 9, 9])]))
    assert 'not in the data: 30. The data have' in tool_error(
        monkeypatch, EVAL, project.config, file)


def test_both_sides_are_averaged(project, scores, tmp_path, monkeypatch):
    run_tool(monkeypatch, 'test.py', project.config, project.checkpoint, '--tta',
             '--out', tmp_path / 'o.json', '--card', tmp_path / 'card.json')
    found = read_scores(tmp_path / 'o.json')
    assert list(found) == list(scores) and found != pytest.approx(scores, abs=1e-3)
    assert read_card(tmp_path / 'card.json').name == 'toy_segvg (tta)'


def test_pictures_are_shown(project, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr('matplotlib.pyplot.get_backend', lambda: 'agg')
    told = tool_error(monkeypatch, 'test.py', project.config, project.checkpoint,
                      '--show')
    assert 'no window can be opened here' in told
    monkeypatch.setattr('matplotlib.pyplot.get_backend', lambda: 'qtagg')
    monkeypatch.setattr('mmengine.visualization.Visualizer.show',
                        lambda self, picture, win_name, wait_time:
                        shown.append(wait_time))
    run_tool(monkeypatch, 'test.py', project.config, project.checkpoint, '--show',
             '--wait-time', '0.5', '--work-dir', tmp_path)
    assert shown == [0.5] * 12
    assert len(list(tmp_path.glob('*/pictures/*.jpg'))) == 12


def test_wrong_paths_are_told(project, monkeypatch):
    assert tool_error(monkeypatch, 'train.py', 'no.py') == (
        'error: config no.py does not exist')
    assert tool_error(monkeypatch, 'test.py', project.config, 'no.pth') == (
        'error: checkpoint no.pth does not exist')
    message = tool_error(monkeypatch, 'train.py', project.config, '--resume', 'no.pth')
    assert message == 'error: checkpoint no.pth does not exist'


def test_missing_annotations_are_told(project, monkeypatch):
    told = tool_error(monkeypatch, 'test.py', project.config, project.checkpoint,
                      '--split', 'testA')
    assert 'annotations' in told and 'toy_testA.jsonl' in told


def test_published_config_without_data_is_told(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    told = tool_error(monkeypatch, 'train.py', SEGVG)
    assert 'prepare_data.py refer_refcoco' in told and 'hf download' in told


def test_missing_image_is_told(tmp_path, monkeypatch):
    data = make_data(tmp_path / 'data')
    toy_config(SEGVG, data, tmp_path / 'work').dump(tmp_path / 'toy.py')
    (data / 'images' / 'train_2.png').unlink()
    assert 'train_2.png' in tool_error(monkeypatch, 'train.py', tmp_path / 'toy.py')


def test_checkpoint_of_another_model_is_told(project, monkeypatch, tmp_path):
    toy_config(TRANSVG, project.data, tmp_path / 'w').dump(tmp_path / 'transvg.py')
    told = tool_error(monkeypatch, 'test.py', tmp_path / 'transvg.py',
                      project.checkpoint)
    assert 'does not hold the weights of this TwoTowerGrounder' in told


def test_bfloat16_trains_and_scores_on_a_cpu(project, scores, monkeypatch, tmp_path):
    flags = ('--dtype', 'bfloat16')
    run_tool(monkeypatch, 'train.py', project.config, *flags, '--work-dir', tmp_path)
    out = tmp_path / 'scores.json'
    run_tool(monkeypatch, 'test.py', project.config, project.checkpoint, '--out', out,
             *flags)
    assert read_scores(out)['rec/mIoU'] == pytest.approx(scores['rec/mIoU'], abs=5)


def test_mixed_precision_without_gpu_is_told(project, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    assert '--amp needs a GPU' in tool_error(monkeypatch, 'train.py', project.config,
                                             '--amp')
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    assert '--amp is float16, not --dtype bfloat16' in tool_error(
        monkeypatch, 'train.py', project.config, '--amp', '--dtype', 'bfloat16')


def test_misspelt_option_is_warned_of(project, monkeypatch, capsys):
    run_tool(monkeypatch, 'test.py', project.config, project.checkpoint,
             '--cfg-options', 'auto_scale_lr.base_batch=8')
    assert 'did you mean auto_scale_lr.base_batch_size?' in capsys.readouterr().err


def test_published_checkpoint_converts_and_scores(project, tmp_path, monkeypatch,
                                                  capsys):
    """Published names -> convert_checkpoint -> test.py."""
    names = {'weight': 'visumodel.input_proj.weight',
             'pooler': 'textmodel.pooler.dense.weight'}
    state = {names['weight']: torch.ones(2), names['pooler']: torch.ones(2)}
    torch.save(dict(model=state, epoch=89), tmp_path / 'published.pth')
    run_tool(monkeypatch, 'convert_checkpoint.py', 'segvg', tmp_path / 'published.pth',
             tmp_path / 'ours.pth')
    out = capsys.readouterr().out
    assert '2 keys: 1 renamed, 1 dropped' in out
    assert 'the pooler is never run: 1 (textmodel.pooler.dense.weight)' in out
    converted = load_checkpoint(str(tmp_path / 'ours.pth'))['state_dict']
    assert list(converted) == ['image_encoder.input_proj.weight']


def test_checkpoint_of_another_method_does_not_convert(tmp_path, monkeypatch):
    torch.save(dict(model={'encoder.strange': torch.ones(1)}), tmp_path / 'p.pth')
    told = tool_error(monkeypatch, 'convert_checkpoint.py', 'segvg', tmp_path / 'p.pth',
                      tmp_path / 'o.pth')
    assert 'not known to be of a published segvg checkpoint' in told
    assert not (tmp_path / 'o.pth').exists()


def test_print_config_shows_inherited_values(monkeypatch, capsys, tmp_path):
    run_tool(monkeypatch, 'print_config.py', SEGVG, '--cfg-options',
             'train_cfg.max_epochs=3', '--save-path', tmp_path / 'whole.py')
    out = capsys.readouterr().out
    assert re.search(r'max_epochs\W+3\b', out) and "'TripleAlignment'" in out
    assert 'TripleAlignment' in (tmp_path / 'whole.py').read_text()


def test_score_says_whether_images_were_seen(project, tmp_path, monkeypatch, capsys):
    run_tool(monkeypatch, 'test.py', project.config, project.checkpoint,
             '--out', tmp_path / 'o.json')
    told = 'unknown; these weights: no record of what they were trained on'
    assert f'images seen in training: {told}' in capsys.readouterr().out
    assert json.loads((tmp_path / 'o.json').read_text())['leakage'] == told
    assert tool_error(monkeypatch, 'test.py', project.config, project.checkpoint,
                      '--require-clean') == (
        'error: --require-clean, but the verdict is unknown: these weights: no record '
        'of what they were trained on')
    record = dict(format='segvg-prov', version='1.0', parents=[], trained_on=[],
                  overlaps=dict(toy_val=dict(verdict='clean', leaked=0, of=4,
                                             images_unknown=0)))
    beside = project.checkpoint.with_name(f'{project.checkpoint.name}.prov.json')
    beside.write_text(json.dumps(record))
    run_tool(monkeypatch, 'test.py', project.config, project.checkpoint,
             '--require-clean')
    beside.unlink()
    assert 'images seen in training: clean' in capsys.readouterr().out


def test_card_holds_scores_answers_and_what_they_come_from(project, scores, tmp_path,
                                                           monkeypatch):
    path = tmp_path / 'cards' / 'card.json'
    run_tool(monkeypatch, 'test.py', project.config, project.checkpoint,
             '--card', path, '--cfg-options', 'test_dataloader.batch_size=3')
    card, rows = read_card(path), read_rows(path)
    assert card.header['scores'] == pytest.approx(scores)
    assert shares(card.terms) == pytest.approx(scores)
    assert [row['expr_idx'] for row in rows] == list(range(12))
    assert all(len(row['bboxes']) == len(row['targets']) == 1 for row in rows)
    header = card.header
    assert header['protocols'] == [dict(
        metric='BoxAccuracy', settings={}, frame='original image',
        scores=list(scores))]
    assert header['data']['expressions'] == 12 and header['data']['images'] == len(
        set(card.images))
    assert set(header['intervals']) == set(scores)
    assert header['intervals']['rec/mIoU'] == [None, None]  # of too few images
    assert len(header['weights']['sha256']) == 64 and header['weights']['averaged'] in (
        True, False)
    assert {'torch', 'python', 'processor'} <= set(header['environment'])
    assert header['test']['peak_memory'] > 0 and header['code']['version']


class Evil:
    """Runs a command when it is unpickled freely."""

    def __reduce__(self):
        return os.system, ('touch MARKER',)


@pytest.mark.parametrize('options', [
    ['--resume', 'evil.pth'], ['--cfg-options', 'load_from=evil.pth'],
    ['--resume', 'weights.pth'], ['--cfg-options', 'load_from=weights.pth'],
    ['--cfg-options', 'train_dataloader.batch_size=99',
     'train_dataloader.drop_last=True']])
def test_training_that_cannot_begin_is_told_in_one_line(
        project, tmp_path, monkeypatch, options):
    torch.save(dict(state_dict=dict(a=Evil())), tmp_path / 'evil.pth')
    torch.save(dict(state_dict=dict(a=torch.ones(1))), tmp_path / 'weights.pth')
    options = [text.replace('evil', str(tmp_path / 'evil')).replace(
        'weights.pth', str(tmp_path / 'weights.pth')) for text in options]
    message = tool_error(monkeypatch, 'train.py', project.config, '--work-dir',
                         tmp_path / 'work', *options)
    assert '\n' not in message and ('.pth' in message or 'no batch' in message)
    assert not list(ROOT.glob('MARKER')) and not list(tmp_path.rglob('MARKER'))
