"""What a run prints at its start."""
import errno
import logging
import re
from pathlib import Path

import pytest

from segvg.engine.console import LogErrors
from segvg.engine.launch import build_runner
from tests.toy import ROOT, make_data, toy_config

CONFIG = ROOT / 'configs/segvg/segvg_tiny_synthref_l0.py'


@pytest.mark.slow
def test_console_is_short_and_the_log_file_whole(tmp_path, capsys):
    cfg = toy_config(CONFIG, make_data(tmp_path / 'data'), tmp_path / 'work')
    cfg.update(experiment_name='short_console', log_level='INFO')
    runner = build_runner(cfg)
    runner.logger.warning('Config:\nof a warning')
    shown = capsys.readouterr().out
    assert 'System environment' not in shown and 'Hooks will be' not in shown
    assert len(shown.splitlines()) <= 4
    assert re.search(r'segvg [\d.]+: .*, SegVG with 0.\d million parameters, seed \d+, '
                     r'.*, torch \d', shown)
    [log] = Path(cfg.work_dir).rglob('*.log')
    assert str(log) in shown and 'of a warning' in shown
    written = log.read_text('utf-8')
    for text in ('System environment', 'Config:\n', 'TextReportHook', 'SegVG with'):
        assert text in written


def test_log_that_cannot_be_written_ends_the_run_in_one_line(tmp_path, monkeypatch,
                                                             capsys):
    path = tmp_path / 'run.log'
    handler = logging.FileHandler(path)
    monkeypatch.setattr(handler, 'handleError', LogErrors(handler))

    def is_full():
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(handler, 'flush', is_full)
    record = logging.LogRecord('run', logging.INFO, '', 0, 'text', (), None)
    with pytest.raises(OSError, match=f"No space left on device: '{path}'"):
        handler.emit(record)
    assert not path.exists()  # it was empty
    handler.emit(logging.LogRecord('run', logging.INFO, '', 0, '%d', ('x', ), None))
    monkeypatch.undo()
    handler.close()
    assert 'Logging error' in capsys.readouterr().err  # a bug is shown as before
