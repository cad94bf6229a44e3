"""tools/siri.py: killed in a round and stopped between two, it goes on."""
import json

import pytest

from tests.tools.killing import run_until_killed
from tests.tools.running import run_tool, tool_error
from tests.toy import ROOT, make_data, toy_config

pytestmark = pytest.mark.slow

SIRI = ROOT / 'configs/siri/siri_tiny_synthref_l0.py'


def make_config(tmp_path, data, **plan):
    cfg = toy_config(SIRI, data, tmp_path / 'unused')
    cfg.pop('work_dir')
    cfg.train_cfg.max_epochs = 2
    cfg.train_dataloader.batch_size = 6
    cfg.train_dataloader.dataset.sample_by = 'expression'
    cfg.retraining = dict(rounds=2, keep=['fusion.layers'], **plan)
    path = tmp_path / 'toy_siri.py'
    cfg.dump(path)
    return path


def rows_of(folder) -> list[dict]:
    return json.loads((folder / 'rounds.json').read_text())['rounds']


def test_killed_in_a_round_and_stopped_between_two(tmp_path, monkeypatch, capsys):
    data = make_data(tmp_path / 'data')
    config = make_config(tmp_path, data)
    whole, parts = tmp_path / 'whole', tmp_path / 'parts'
    run_tool(monkeypatch, 'siri.py', config, '--work-dir', whole)
    run_until_killed(  # after its first epoch
        'siri.py', [config, '--work-dir', parts],
        ('mmengine.runner', 'Runner.call_hook', 'round_1 before_train_epoch', 2))
    assert (parts / 'round_1/last_checkpoint').exists()
    assert not (parts / 'rounds.json').exists()
    once = ['--work-dir', parts, '--cfg-options', 'retraining.rounds=1']
    run_tool(monkeypatch, 'siri.py', config, *once)
    assert len(rows_of(parts)) == 1
    run_tool(monkeypatch, 'siri.py', config, '--work-dir', parts)
    for ours, theirs in zip(rows_of(parts), rows_of(whole), strict=True):
        assert ours['scores'] == theirs['scores'] and ours['kept'] == theirs['kept']
    capsys.readouterr()
    run_tool(monkeypatch, 'siri.py', config, '--work-dir', parts, '--table')
    table = capsys.readouterr().out.splitlines()
    assert table[0].split()[:3] == ['round', 'seed', 'kept'] and len(table) == 3
    assert [line.split()[2] for line in table[1:]] == ['0', '24']


def test_config_without_rounds_is_told(tmp_path, monkeypatch):
    config = make_config(tmp_path, make_data(tmp_path / 'data'))
    text = config.read_text().replace('retraining', 'something')
    config.write_text(text)
    message = tool_error(monkeypatch, 'siri.py', config)
    assert "has no 'retraining'" in message
