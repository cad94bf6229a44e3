import pytest

from tests.tools.running import run_tool
from tests.toy import make_data

pytestmark = pytest.mark.slow


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


def test_files_that_are_there_are_replaced_only_when_asked(tmp_path, monkeypatch,
                                                           capsys):
    data, out = make_data(tmp_path / 'data'), tmp_path / 'out'
    out.mkdir()
    (out / 'instances.json').write_text('mine')
    for more, code in (([], 2), (['--overwrite'], 0)):
        with pytest.raises(SystemExit) as stop:
            run_tool(monkeypatch, 'export_data.py', 'refer', data / 'toy_val.jsonl',
                     '--out', out, *more)
        assert stop.value.code == code
        is_mine = (out / 'instances.json').read_text() == 'mine'
        assert is_mine == bool(code) and len(list(out.iterdir())) == (1 if code else 2)
    assert 'instances.json exists already' in capsys.readouterr().err


def test_labeling_interface_is_written_beside_the_tasks(tmp_path, monkeypatch, capsys):
    data, out = make_data(tmp_path / 'data'), tmp_path / 'out'
    with pytest.raises(SystemExit) as stop:
        run_tool(monkeypatch, 'export_data.py', 'label_studio', data / 'toy_val.jsonl',
                 '--out', out, '--image-address', 'http://localhost/{}')
    assert stop.value.code == 0
    assert sorted(path.name for path in out.iterdir()) == [
        'label_studio.xml', 'toy_val_tasks.json']
    assert 'Labeling Interface' in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        run_tool(monkeypatch, 'export_data.py', 'odvg', data / 'toy_val.jsonl',
                 '--out', out, '--boxes-only')
    assert stop.value.code == 2 and 'for label_studio' in capsys.readouterr().err
