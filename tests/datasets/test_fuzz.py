"""Damaged files of every format: no traceback, and nothing lost in silence.

At least 2,000 damaged files over all formats; SEGVG_FUZZ_EXAMPLES says how many each.
"""
import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.annotations.readers.parquet_sources import in_this_process
from tests.datasets.fuzzing import Case

ROOT = Path(__file__).parents[1] / 'data' / 'fixtures'
EXPECTED = {path.parent.name: json.loads(path.read_text('utf-8'))
            for path in sorted(ROOT.glob('*/expected.json'))}
READ = sorted(name for name, expected in EXPECTED.items() if 'refuse' not in expected)
#: Of parquet files that are read as users read them, in a process for each.
IN_PROCESSES = 4
EXAMPLES = int(os.environ.get('SEGVG_FUZZ_EXAMPLES', 50))


def test_formats_and_examples_are_enough():
    assert len(READ) * EXAMPLES >= 2000 or 'SEGVG_FUZZ_EXAMPLES' in os.environ


def run(name: str, folder: Path, examples: int) -> None:
    """Read a number of damaged copies of a fixture."""
    case = Case(ROOT / name, EXPECTED[name], folder / name)

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))
    @given(chance=st.randoms(use_true_random=True))
    def damage(chance):
        case.damage(chance)

    damage()


@pytest.mark.slow
@pytest.mark.parametrize('name', READ)
def test_damaged_files_end_in_findings_or_the_one_error(name, tmp_path):
    with in_this_process():
        run(name, tmp_path, EXAMPLES)


@pytest.mark.slow
def test_damaged_parquet_files_in_processes_of_their_own(tmp_path):
    run('hf_parquet', tmp_path, IN_PROCESSES)
