"""The tools of Partial-RES: subset, pseudo labels, all steps."""
import json
from pathlib import Path

import pytest

from segvg.annotations.canonical import CanonicalFile
from segvg.engine.launch import build_runner
from tests.tools.killing import run_here, run_until_killed
from tests.tools.running import run_tool, tool_error
from tests.toy import ROOT, make_data, toy_config

pytestmark = pytest.mark.slow

CONFIG = ROOT / 'configs/partial_res/partial_res_tiny_synthref_l0.py'
BOXES = ROOT / 'configs/seqtr/seqtr_tiny_det_synthref_l0.py'


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


# step -> where it is killed: after an epoch was saved and before it was scored,
# in an epoch, or while it writes
CALL, WRITE = 'Runner.call_hook', 'CanonicalWriter.write'
KILLS = {
    '1_rec': ('mmengine.runner', CALL, '1_rec before_val_epoch', 1),
    '2_subset': ('segvg.annotations.canonical', WRITE, '2_subset', 2),
    '3_res': ('mmengine.runner', CALL, '3_res before_train_iter', 2),
    '4_pseudo': ('segvg.annotations.canonical', WRITE, '4_pseudo', 2),
    '5_retrain': ('mmengine.runner', CALL, '5_retrain before_val_epoch', 2),
    '6_scores': ('mmengine.runner', CALL, '6_scores/logs before_test_epoch', 2),
    '7_all': ('mmengine.runner', CALL, '7_all before_train_iter', 2)}


def toy_steps(data: Path) -> Path:
    """Write toy configs of the box and the contour model; returns the second."""
    for name, source in (('boxes', BOXES), ('contours', CONFIG)):
        cfg = toy_config(source, data, Path(f'unused_{name}'))
        cfg.pop('work_dir')
        cfg.train_cfg.update(max_epochs=2, val_interval=1)
        model = cfg.model  # with less to draw, to save and to read
        model.image_encoder.base_channels = 4
        model.fusion.map_channels = [32]
        model.language_encoder.hidden_channels = 16
        if name == 'contours':
            cfg.model.head.type = 'SquareHead'
            cfg.custom_imports = dict(imports=['tests.tools.square_head'])
            cfg.partial_res = dict(rec_config='boxes.py', percent=60, seed=0,
                                   threshold=1.5)
        cfg.dump(f'{name}.py')
    return Path('contours.py')


def test_every_step_killed_once(data, monkeypatch, capsys):
    config = toy_steps(data)
    command = [config, '--with-all-masks', '--work-dir']
    for step, place in KILLS.items():
        run_until_killed('partial_res.py', [*command, 'parts'], place)
        assert not Path('parts', step, 'done').exists()
    monkeypatch.setattr('segvg.utils.child_processes.run_python', run_here)
    for folder in ('parts', 'whole'):
        run_tool(monkeypatch, 'partial_res.py', *command, folder)
    for file in Path('whole').glob('[24]*/*.jsonl'):
        assert Path('parts', *file.parts[1:]).read_text() == file.read_text()
    assert 0 < json.loads(next(Path('whole/4_pseudo').glob('*.meta.json')).read_text())[
        'pseudo_labels']['pseudo']
    for name in ('6_scores/3_res', '6_scores/5_retrain', '7_all/7_all'):
        ours, theirs = (json.loads(Path(folder, f'{name}.json').read_text())['metrics']
                        for folder in ('parts', 'whole'))
        assert ours == theirs and 0 < ours['res/mIoU'] < 100
    table = Path('parts/7_all/table.md').read_text()
    assert table == Path('whole/7_all/table.md').read_text()
    assert table.startswith('| 60 % of the masks | labelled only | with pseudo labels '
                            '| all masks |\n|---|---|---|---|\n| res/')
    message = tool_error(monkeypatch, 'partial_res.py', *command, 'parts', '--percent',
                         '10')
    assert 'percent 60, now 10' in message
    capsys.readouterr()
    run_tool(monkeypatch, 'partial_res.py', config, '--work-dir', 'parts', '--restart',
             '5_retrain', '--status')
    states = [line.split()[1] for line in capsys.readouterr().out.splitlines()]
    assert states == ['done'] * 4 + ['not'] * 3
