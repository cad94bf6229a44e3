"""tools/analysis_tools/benchmark_export.py: numbers and times of exported methods."""
import re

from tests.tools.running import run_tool, tool_error

TOOL = 'analysis_tools/benchmark_export.py'


def test_row_has_size_largest_difference_and_times(monkeypatch, capsys):
    """Exporting takes long and has tests of its own; here its results are given."""
    exported, opened = [], []

    def export(model, out, *, canvas_shape, max_tokens):
        exported.append((type(model).__name__, canvas_shape, max_tokens))
        return dict(graphs={
            name: dict(bytes=size << 20, largest_difference=dict(boxes=difference))
            for name, size, difference in (
                ('whole', 3, 1e-6), ('image', 2, 5e-6), ('text', 1, 0.))})

    def run_session(session, given):
        opened.append(session)
        return given[:2]

    monkeypatch.setattr('segvg.export.files.export_grounder', export)
    monkeypatch.setattr('segvg.export.run.load_session', lambda path: path.name)
    monkeypatch.setattr('segvg.export.run.run_session', run_session)
    run_tool(monkeypatch, TOOL, '--only', 'TransVG', '--iters', '1', '--threads', '1')
    assert exported == [('TwoTowerGrounder', (64, 64), 20)]
    name = 'transvg_tiny_synthref_l0'
    graphs = [f'{name}.{graph}.onnx' for graph in ('whole', 'image', 'text')]
    assert opened == [graphs[0]] * 2 + graphs[1:] * 2  # a warm-up, a measured run
    row = capsys.readouterr().out.splitlines()[-1]
    times = r'[\d.]+ / [\d.]+ \| [\d.]+ x'
    assert re.fullmatch(rf'\| TransVG \| 64 x 64 \| 3\.0 \| 5\.0e-06 \| {times} \| '
                        rf'{times} \|', row)


def test_method_of_the_other_table_is_refused(monkeypatch):
    message = tool_error(monkeypatch, TOOL, '--only', 'ReLA, R50')
    assert message.startswith("error: --only 'ReLA, R50': without --published the met")
