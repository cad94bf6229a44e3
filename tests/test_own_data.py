"""``docs/own_data.md`` works as written: its commands are run, in their order."""
import io
import json
import logging
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.logging import MMLogger

from segvg.annotations.readers import OWN_FORMATS
from segvg.annotations.readers.own import csv_rows
from tests.tools.running import run_tool
from tests.toy import ROOT

PAGE = (ROOT / 'docs/own_data.md').read_text(encoding='utf-8')
BLOCKS = re.findall(r'^```(bash|text)\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL)


def commands_of(block):
    """The commands of a block, each with its here-document."""
    lines = block.splitlines(keepends=True)
    while lines:
        command = lines.pop(0)
        if "<<'END'" in command:
            while not command.endswith('\nEND\n'):
                command += lines.pop(0)
        yield command


def run(command, monkeypatch):
    """Run a command and return what it logs; tools run in this process, to save time.
    """
    words = shlex.split(command.splitlines()[0])
    if words[0] != 'python' or not words[1].startswith('tools/'):
        subprocess.run(['bash', '-ec', command], check=True, timeout=60)
        return ''
    logger, said = MMLogger.get_current_instance(), io.StringIO()
    handler = logging.StreamHandler(said)
    logger.addHandler(handler)
    try:
        run_tool(monkeypatch, words[1].removeprefix('tools/'), *words[2:])
    except SystemExit as stop:
        assert not stop.code, f'{command}: {stop.code}'
    finally:
        logger.removeHandler(handler)
    return said.getvalue()


@pytest.mark.slow
def test_page_leads_from_photographs_to_a_drawn_answer(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('COLUMNS', '100')
    folder = str(Path(sys.executable).parent)  # the page says `python`
    monkeypatch.setenv('PATH', folder + os.pathsep + os.environ['PATH'])
    torch.manual_seed(0)
    said = ''
    for kind, block in BLOCKS:
        if kind == 'text':  # what the command before prints
            assert block.strip() in said
            continue
        said = ''.join(run(command, monkeypatch)
                       for command in commands_of(block))
    found = json.loads((tmp_path / 'mydata/answers/predictions.json').read_text())
    assert [item['text'] for item in found] == ['the red book', 'the green box']
    assert all(len(item['bbox']) == 4 for item in found)
    assert len(list((tmp_path / 'mydata/answers').glob('*.jpg'))) == 2
    assert len(list((tmp_path / 'mydata/look').iterdir())) == 2 + 3
    meta = json.loads((tmp_path / 'mydata/annotations/things.meta.json').read_text())
    assert {name: facts['exprs'] for name, facts in meta['splits'].items()} == {
        'train': 5, 'val': 2}


def test_page_has_a_section_and_a_command_for_each_format():
    for name in OWN_FORMATS:
        assert re.search(rf'^python tools/prepare_data.py {name} ', PAGE, re.MULTILINE)


def test_page_names_the_columns_that_are_known():
    for key in (*csv_rows.COLUMNS, *csv_rows.CORNERS, *csv_rows.SIZES):
        assert re.search(rf'^\| `[\w ]*\b{key}\b', PAGE, re.MULTILINE), key
