"""Early stopping knows our scores and is the same after a stop."""
import pytest

from segvg.engine.hooks import EarlyStoppingHook
from segvg.engine.launch import build_runner
from tests.engine.hooks.test_checkpoint_hook import CONFIG, SCORE
from tests.toy import make_data, toy_config


@pytest.mark.parametrize('name, rule', [
    ('gres/gIoU', 'greater'), ('phrase/R@1', 'greater'), ('rec/acc@0.5', 'greater'),
    ('val_loss', 'less')])
def test_without_a_rule_the_highest_score_is_best(name, rule):
    assert EarlyStoppingHook(name).rule == rule
    assert EarlyStoppingHook(name, rule='less').rule == 'less'


def stopped_after(root, work, epochs, resumed=None):
    """Train with scores that fall after the first epoch; returns the last epoch."""
    cfg = toy_config(CONFIG, root / 'data', root / work)
    cfg.train_cfg.update(max_epochs=epochs, val_interval=1)
    cfg.train_dataloader.dataset.indices = cfg.val_dataloader.dataset.indices = 2
    cfg.default_hooks.checkpoint.save_best = SCORE
    cfg.custom_hooks = [dict(type='EarlyStoppingHook', monitor=SCORE, patience=2)]
    if resumed:
        cfg.resume, cfg.load_from = True, str(root / resumed / 'epoch_2.pth')
    runner = build_runner(cfg)
    assert any(isinstance(hook, EarlyStoppingHook) for hook in runner.hooks)
    runner.val_loop.evaluator.evaluate = lambda size: {
        SCORE: 4.0 if runner.epoch == 1 else 1.0}
    runner.train()
    return runner.epoch


@pytest.mark.slow
def test_resumed_training_stops_where_the_unbroken_one_does(tmp_path):
    make_data(tmp_path / 'data')
    assert stopped_after(tmp_path, 'whole', 9) == 3
    assert stopped_after(tmp_path, 'first', 2) == 2
    assert stopped_after(tmp_path, 'second', 9, resumed='first') == 3
