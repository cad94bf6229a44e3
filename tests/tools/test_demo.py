"""tools/demo.sh: what is done is used again, what another config left is not."""
import shutil
import subprocess

import pytest

from tests.toy import ROOT

#: Stands in for Python: prints the config, trains one epoch or is stopped before.
SETUP = '''
python() {
  case "$1" in
    tools/print_config.py) cat config.txt ;;
    tools/train.py)
      echo "$@" >>trained.txt
      if [ -e stop ]; then exit 1; fi
      resumed="$(cat work_dirs/demo/epoch_1.pth 2>/dev/null || true)"
      echo "${resumed:-$(cat config.txt)}" >work_dirs/demo/epoch_1.pth
      echo work_dirs/demo/epoch_1.pth >work_dirs/demo/last_checkpoint ;;
    tools/test.py) cat "$3" ;;
  esac
}
'''


@pytest.fixture
def demo(tmp_path):
    """Return a function that runs the demo with a config, to the end or not."""
    (tmp_path / 'tools').mkdir()
    shutil.copy(ROOT / 'tools/demo.sh', tmp_path / 'tools')
    (tmp_path / 'tools/setup_env.sh').write_text(SETUP)

    def run(config: str, stop: bool = False) -> str:
        (tmp_path / 'config.txt').write_text(config)
        (tmp_path / 'stop').unlink(missing_ok=True)
        if stop:
            (tmp_path / 'stop').touch()
        done = subprocess.run(['bash', 'tools/demo.sh'], cwd=tmp_path, text=True,
                              capture_output=True)
        assert done.returncode == (1 if stop else 0), done.stderr
        calls = (tmp_path / 'trained.txt').read_text().splitlines()
        return f'{len(calls)} {"--resume" in calls[-1]} {done.stdout.splitlines()[:1]}'

    return run


def test_second_run_trains_nothing(demo):
    assert demo('one') == "1 False ['one']"
    assert demo('one') == "1 False ['Trained already: work_dirs/demo']"


def test_stopped_training_is_resumed(demo):
    assert demo('one', stop=True) == '1 False []'
    assert demo('one') == "2 True ['one']"


def test_weights_of_another_config_are_not_resumed(demo):
    """The changed config is stopped before its first epoch has ended."""
    demo('one')
    assert demo('two', stop=True) == '2 False []'
    assert demo('two') == "3 True ['two']"
