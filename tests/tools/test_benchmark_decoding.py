"""tools/analysis_tools/benchmark_decoding.py: times with and without cache."""
import json

import pytest

from tests.tools.running import run_tool, tool_error
from tests.toy import ROOT

pytestmark = pytest.mark.slow


def test_times_and_equal_tokens(tmp_path, monkeypatch):
    config = ROOT / 'configs/seqtr/seqtr_tiny_segm_synthref_l0.py'
    run_tool(monkeypatch, 'analysis_tools/benchmark_decoding.py', config,
             '--batch-sizes', '2', '--iters', '1', '--device', 'cpu',
             '--json', tmp_path / 'times.json')
    row, = json.loads((tmp_path / 'times.json').read_text())
    assert row['same_tokens'] and row['cache'] > 0 and row['no_cache'] > 0


def test_device_that_is_not_there_is_told(monkeypatch):
    config = ROOT / 'configs/seqtr/seqtr_tiny_segm_synthref_l0.py'
    assert "not 'gpu'" in tool_error(
        monkeypatch, 'analysis_tools/benchmark_decoding.py', config, '--device', 'gpu')
