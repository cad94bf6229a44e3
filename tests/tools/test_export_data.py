import pytest

from tests.tools.running import run_tool
from tests.toy import make_data


def test_files_are_written_and_losses_listed(tmp_path, monkeypatch, capsys):
    data = make_data(tmp_path / 'data')
    with pytest.raises(SystemExit) as stop:
        run_tool(monkeypatch, 'export_data.py', 'refer', data / 'toy_val.jsonl',
                 data / 'toy_train.jsonl', '--out', tmp_path / 'out')
    assert stop.value.code == 0
    printed = capsys.readouterr().out
    assert 'changed: image ids' in printed and 'instances.json' in printed


def test_missing_file_is_one_line(tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit) as stop:
        run_tool(monkeypatch, 'export_data.py', 'odvg', tmp_path / 'no_val.jsonl',
                 '--out', tmp_path)
    assert stop.value.code == 2 and 'no_val.jsonl' in capsys.readouterr().err
