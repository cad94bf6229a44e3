"""The tools answer --help and wrong flags before anything slow is imported."""
import subprocess
import sys

import pytest

from segvg.__main__ import NOT_COMMANDS
from tests.toy import ROOT

PROGRAMS = sorted(path.relative_to(ROOT / 'tools').as_posix()
                  for path in (ROOT / 'tools').rglob('*.py')
                  if path.name not in NOT_COMMANDS)
SLOW = ('torch', 'mmengine', 'transformers', 'cv2', 'matplotlib', 'scipy')
RUN = """
import runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name='__main__')
except SystemExit as end:
    print('code', end.code)
print([name for name in %r if name in sys.modules])
""" % (SLOW, )


def end_of(program, *arguments):
    """Return the last two lines: exit code and the slow packages that are imported."""
    path = ROOT / 'tools' / program
    done = subprocess.run([sys.executable, '-c', RUN, path, *arguments],
                          capture_output=True, text=True, cwd=path.parent)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-2:]


@pytest.mark.slow
@pytest.mark.parametrize('program', PROGRAMS)
def test_help_and_wrong_flags_import_nothing_slow(program):
    assert end_of(program, '--help') == ['code 0', '[]']
    assert end_of(program, '--no-such-flag') == ['code 2', '[]']


def test_comparison_imports_no_torch(tmp_path):
    (tmp_path / 'card.json').write_text('{}')
    code, loaded = end_of('compare.py', tmp_path / 'card.json')
    assert code.startswith('code error: ') and loaded == '[]'
