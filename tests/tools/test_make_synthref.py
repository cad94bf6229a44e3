import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools/make_synthref.py'
SIZES = 'train=5,val=3,testA=2,testB=2'


@pytest.fixture
def run(monkeypatch):
    """Call the tool as the command line does, in this process."""
    spec = importlib.util.spec_from_file_location('make_synthref', TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)

    def call(*arguments):
        monkeypatch.setattr(sys, 'argv', [str(TOOL), *map(str, arguments)])
        tool.main()
    return call


def test_command_makes_a_data_set_and_keeps_it(run, tmp_path, capsys):
    wanted = ('--level', 'L0', '--out', tmp_path, '--sizes', SIZES)
    run(*wanted, '--seed', 0)
    first = capsys.readouterr().out
    assert 'made in' in first
    rows = [line.split()[:7] for line in first.splitlines()]
    assert ['train', '5', '15', '15', '0', '0', '0'] in rows
    assert (tmp_path / 'canonical/synthref_L0_testB.jsonl').is_file()
    run(*wanted, '--seed', 0)
    assert 'made with the same arguments: kept' in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        run(*wanted, '--seed', 1)
    message = capsys.readouterr().err
    assert stop.value.code == 2 and '--overwrite' in message
    assert 'seed 0 instead of 1' in message
    run(*wanted, '--seed', 1, '--overwrite', '--format', 'refer', '--workers', 2)
    assert not list((tmp_path / 'canonical').iterdir())


def test_command_adds_captions(run, tmp_path, capsys):
    wanted = ('--level', 'L1', '--seed', 0, '--out', tmp_path, '--sizes', SIZES)
    run(*wanted)
    assert not list((tmp_path / 'canonical').glob('*captions*'))
    run(*wanted, '--captions')
    output = capsys.readouterr().out
    assert 'same arguments: kept' in output
    assert 'synthref_L1_captions_val.jsonl: 6 captions of 3 images' in output


def test_command_ends_with_one_line_for_a_level_that_is_not_there(tmp_path):
    ended = subprocess.run(
        [sys.executable, str(TOOL), '--level', 'L6', '--seed', '0', '--out', tmp_path],
        cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, 'PYTHONPATH': str(ROOT)})
    assert ended.returncode == 1
    assert ended.stderr == (
        "error: level 'L6' does not exist; existing levels: L0, L1, L2, L3, "
        'L4, L5\n')


@pytest.mark.parametrize('sizes', ['test=3', 'train', 'train=-1', 'val=2,'])
def test_command_says_what_sizes_look_like(run, tmp_path, sizes, capsys):
    with pytest.raises(SystemExit):
        run('--level', 'L0', '--seed', 0, '--out', tmp_path, '--sizes', sizes)
    assert 'expected SPLIT=IMAGES with a split of train, val' in capsys.readouterr().err


def test_sheet_shows_twelve_scenes(run, tmp_path):
    path = tmp_path / 'sheet.png'
    run('--level', 'L2', '--seed', 0, '--out', tmp_path, '--sizes',
        'train=2,val=0,testA=0,testB=0', '--sheet', path)
    with Image.open(path) as sheet:
        assert sheet.width == 4 * 320
        assert sheet.getcolors(1 << 20) and (255, 0, 200) in {
            colour for _, colour in sheet.getcolors(1 << 20)}
