"""Damaged files of every format: no traceback, and nothing lost in silence.

At least 2,000 damaged files over all formats; SEGVG_FUZZ_EXAMPLES says how many each.
"""
import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.datasets.fuzzing import Case

ROOT = Path(__file__).parents[1] / 'data' / 'fixtures'
EXPECTED = {path.parent.name: json.loads(path.read_text('utf-8'))
            for path in sorted(ROOT.glob('*/expected.json'))}
READ = sorted(name for name, expected in EXPECTED.items() if 'refuse' not in expected)
EXAMPLES = int(os.environ.get('SEGVG_FUZZ_EXAMPLES', 100))


def test_formats_and_examples_are_enough():
    assert len(READ) * EXAMPLES >= 2000 or 'SEGVG_FUZZ_EXAMPLES' in os.environ


@pytest.mark.parametrize('name', READ)
def test_damaged_files_end_in_findings_or_the_one_error(name, tmp_path):
    case = Case(ROOT / name, EXPECTED[name], tmp_path / name)

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))
    @given(chance=st.randoms(use_true_random=True))
    def damage(chance):
        case.damage(chance)

    damage()
