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
program, *arguments = sys.argv[1:]
for argument in arguments:
    sys.argv = [program, argument]
    try:
        runpy.run_path(program, run_name='__main__')
    except SystemExit as end:
        print('ended with', end.code)
    print('imported', [name for name in %r if name in sys.modules])
""" % (SLOW, )


def ends_of(program, *arguments):
    """Run a program with each argument; return exit codes and slow packages imported.
    """
    path = ROOT / 'tools' / program
    done = subprocess.run([sys.executable, '-c', RUN, path, *arguments],
                          capture_output=True, text=True, cwd=path.parent)
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines()
            if line.startswith(('ended with ', 'imported '))]


@pytest.mark.slow
@pytest.mark.parametrize('program', PROGRAMS)
def test_help_and_wrong_flags_import_nothing_slow(program):
    assert ends_of(program, '--help', '--no-such-flag') == [
        'ended with 0', 'imported []', 'ended with 2', 'imported []']


def test_comparison_imports_no_torch(tmp_path):
    (tmp_path / 'card.json').write_text('{}')
    code, loaded = ends_of('compare.py', tmp_path / 'card.json')
    assert code.startswith('ended with error: ') and loaded == 'imported []'
