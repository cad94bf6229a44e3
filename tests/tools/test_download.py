"""tools/download.py: a list, models that are ready, one line for what is not."""
import pytest

from tests.hub.conftest import published, server, small_model  # noqa: F401
from tests.tools.running import run_tool, tool_error


def test_list_names_every_model_without_network(monkeypatch, capsys, tmp_path):
    run_tool(monkeypatch, 'download.py', '--list', '--out', tmp_path)
    rows = capsys.readouterr().out.splitlines()
    assert rows[0].split() == [
        'name', 'method', 'trained', 'on', 'licence', 'fetched', 'from', 'here']
    [row] = [row for row in rows if row.startswith('instancevg-b-refcoco ')]
    assert row.endswith('Hugging Face hub  -')


def test_model_is_made_ready(monkeypatch, capsys, tmp_path, published):  # noqa: F811
    run_tool(monkeypatch, 'download.py', 'small', '--out', tmp_path / 'out')
    path = tmp_path / 'out/small/small.safetensors'
    assert capsys.readouterr().out.splitlines() == [
        'small: TransVG, licence MIT, https://arxiv.org/abs/2104.08541',
        f'{path} is ready, with its config small.py']
    run_tool(monkeypatch, 'download.py', '--list', '--out', tmp_path / 'out')
    assert capsys.readouterr().out.splitlines()[1].endswith('yes')


def test_what_fails_is_told_in_a_line_each(monkeypatch, tmp_path):
    """Tests run without network; SegVG is fetched by hand."""
    message = tool_error(monkeypatch, 'download.py', 'segvg-r101-refcoco',
                         'instancevg-b-refcoco', '--out', tmp_path)
    lines = message.splitlines()
    assert len(lines) == 2 and all(line.startswith('error: https://') for line in lines)
    assert f'{tmp_path}/segvg-r101-refcoco/source/' in lines[0]
    assert "'x' is not the name of a published model" in tool_error(
        monkeypatch, 'download.py', 'x')
    with pytest.raises(SystemExit):
        run_tool(monkeypatch, 'download.py')
