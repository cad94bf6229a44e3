"""One checkpoint is always whole: the new one stands before an old one is removed."""
from pathlib import Path

import pytest

from segvg.engine.hooks import WholeCheckpointHook
from segvg.engine.launch import build_runner
from tests.toy import ROOT, make_data, toy_config

CONFIG = ROOT / 'configs/segvg/segvg_tiny_synthref_l0.py'
SCORE = 'rec/mIoU'


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return make_data(Path('data'))


def run(data, epochs=4, work='work', values=(1, 3, 2, 4), **changes):
    """Train with scores that are given; returns the runner."""
    cfg = toy_config(CONFIG, data, Path(work))
    cfg.train_cfg.update(max_epochs=epochs, val_interval=1)
    cfg.train_dataloader.dataset.indices = cfg.val_dataloader.dataset.indices = 2
    cfg.default_hooks.checkpoint.update(save_best=SCORE, **changes)
    runner = build_runner(cfg)
    runner.val_loop.evaluator.evaluate = lambda size: {
        SCORE: float(values[runner.epoch - 1])}
    return runner


def names(folder) -> list[str]:
    return sorted(path.name for path in Path(folder).glob('*.pth'))


@pytest.mark.slow
def test_newest_and_best_are_kept(data):
    run(data).train()
    assert names('work') == ['best_rec_mIoU_epoch_4.pth', 'epoch_3.pth', 'epoch_4.pth']
    assert Path('work/last_checkpoint').read_text().endswith('work/epoch_4.pth')


@pytest.mark.slow
@pytest.mark.parametrize('name', ['epoch_3.pth', 'best_rec_mIoU_epoch_4.pth',
                                  'last_checkpoint'])
def test_old_ones_stand_until_the_new_one_does(name, data, monkeypatch):
    """A full disk at any file leaves what was there before."""
    import segvg.engine.hooks.checkpoint_hook as module
    import segvg.utils.file_backend as files
    whole, before = files.write_whole, {}

    def full(path, content):
        last = Path('work/last_checkpoint')
        if Path(path).name == name and (name != last.name or last.exists()):
            before['names'] = names('work')
            raise OSError(28, 'No space left on device', str(path))
        whole(path, content)

    monkeypatch.setattr(files, 'write_whole', full)
    monkeypatch.setattr(module, 'write_whole', full)
    with pytest.raises(OSError, match=name):
        run(data).train()
    assert names('work') == before['names'] and len(before['names']) >= 2


def test_hook_of_the_default_runtime():
    cfg = toy_config(CONFIG, Path('data'), Path('work'))
    assert cfg.default_hooks.checkpoint.type == WholeCheckpointHook.__name__


@pytest.mark.parametrize('name, rule', [
    ('gres/gIoU', 'greater'), ('res/oIoU', 'greater'), ('phrase/R@1', 'greater'),
    ('val_loss', 'less')])
def test_best_without_a_rule_is_the_highest_score(name, rule):
    hook = WholeCheckpointHook(save_best='auto')
    hook._init_rule(hook.rules, [name])  # as mmengine does with the first score
    assert hook.rules == [rule]
    assert WholeCheckpointHook(save_best=name).rules == [rule]
