"""One table of all methods; what is measured is not measured again."""
import json
from pathlib import Path

import pytest

from tests.tools.running import run_tool, tool_error

pytestmark = pytest.mark.slow

TOOL = 'analysis_tools/benchmark_all.py'
NAMES = ('SegVG, R101', 'ReLA, Swin-T')


@pytest.fixture
def calls(monkeypatch, tmp_path):
    """Stand in for the processes; returns what was called."""
    made = []

    def measure(*words):
        words = [str(word) for word in words]
        made.append(words)
        if not words[0].endswith('benchmark.py'):
            return
        if 'eval' in words and 'fail' in made[0]:
            raise ValueError('it failed')
        batch = int(words[words.index('--batch-size') + 1])
        given = {name: int(words[words.index(f'--{name}') + 1])
                 for name in ('iters', 'threads')}
        seconds = 0.25 * batch
        if 'bfloat16' in words:
            seconds /= 4 if '--compile' in words else 2
        figures = dict(
            given, device='cpu', parameters=5_000_000, flops_per_step=7e9 * batch,
            peak_memory_mib=1024.0 * batch, ratio=dict(total=2.5),
            seconds_per_step=dict(median=seconds), samples_per_second=batch / seconds,
            seconds_shared=dict(total=30.0), percent_outside_the_model=12.5)
        file = Path(words[words.index('--json') + 1])
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(figures))
    monkeypatch.setattr('segvg.utils.child_processes.run_python', measure)
    return made


def test_table_of_two_methods(calls, monkeypatch, tmp_path, capsys):
    arguments = (TOOL, '--out', tmp_path / 'speed', '--iters', 2, '--only', *NAMES)
    run_tool(monkeypatch, *arguments)
    rows = (tmp_path / 'speed/table.md').read_text().splitlines()
    assert [row.split(' | ')[0] for row in rows[2:]] == [f'| {name}' for name in NAMES]
    assert rows[2] == ('| SegVG, R101 | 5.0 | 7 / 7 | 0.25 / 0.50 | 0.25 / 0.50 | '
                       '2.0 / 1.0 | 2.5 x |')
    assert rows[2] in capsys.readouterr().out
    measured = [call for call in calls if call[0].endswith('benchmark.py')]
    assert len(measured) == 10 and all('--iters 2' in ' '.join(call)
                                       for call in measured)
    evaluations = [call for call in measured if 'eval' in call]
    assert len(evaluations) == 2 and '--random-words' in evaluations[0]
    (tmp_path / 'speed/segvg_refcoco/eval_1.json').unlink()
    run_tool(monkeypatch, *arguments)
    assert len([call for call in calls if call[0].endswith('benchmark.py')]) == 11


def test_table_for_a_gpu(calls, monkeypatch, tmp_path):
    """float32, bfloat16, compiled; one image and many; RefCOCO testA's size."""
    arguments = [TOOL, '--gpu', '--batch-size', 8, '--out', tmp_path / 'speed',
                 '--only', NAMES[0], '--iters']
    run_tool(monkeypatch, *arguments, 2)
    text = (tmp_path / 'speed/table.md').read_text()
    assert text.splitlines()[-1] == (
        '| SegVG, R101 | 250.0 / 125.0 / 62.5 | 4 / 8 / 16 | 8.0 / 8.0 / 8.0 | '
        '4 / 8 / 16 | 8.0 / 8.0 / 8.0 | 30.0 | 12 % |')
    data, *measured = [' '.join(call) for call in calls]
    assert 'train=0,val=750,testA=0,testB=0' in data and '--sentences 7' in data
    assert len(measured) == 10
    assert sum('--compile' in call for call in measured) == 3
    evaluation, = [call for call in measured if '--what eval' in call]
    assert '--batch-size 8 --iters 94 ' in evaluation  # 752, at least 750
    (tmp_path / 'speed/segvg_refcoco/train_8_bfloat16_compiled.json').unlink()
    run_tool(monkeypatch, *arguments, 2)
    assert len(calls) == 13  # the data and one measurement more
    assert 'infer_1.json was measured with --iters 2, not 3' in tool_error(
        monkeypatch, *arguments, 3)


def test_other_settings_are_not_mixed(calls, monkeypatch, tmp_path):
    arguments = (TOOL, '--out', tmp_path / 'speed', '--only', NAMES[0], '--iters')
    run_tool(monkeypatch, *arguments, 2)
    assert 'train_1.json was measured with --iters 2, not 3' in tool_error(
        monkeypatch, *arguments, 3)


def test_figures_of_another_device_are_not_mixed(calls, monkeypatch, tmp_path):
    """Both tables have files of the same names, and by default the same folder."""
    arguments = (TOOL, '--out', tmp_path / 'speed', '--only', NAMES[0])
    run_tool(monkeypatch, *arguments)
    monkeypatch.setattr('segvg.apis.inferencer.pick_device', lambda name: 'cuda')
    assert 'infer_1.json was measured on the device cpu, not cuda' in tool_error(
        monkeypatch, *arguments, '--gpu')


def test_failure_is_told(calls, monkeypatch, tmp_path):
    calls.append(['fail'])
    assert 'it failed' in tool_error(
        monkeypatch, TOOL, '--out', tmp_path / 'speed', '--only', NAMES[0])
