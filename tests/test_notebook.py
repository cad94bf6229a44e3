"""The notebook of the documentation runs as it is stored."""
import json

import pytest

from tests.toy import ROOT


@pytest.mark.slow
def test_notebook_runs_from_top_to_bottom(tmp_path, monkeypatch):
    """Its cells are run in this process: a kernel would import everything once more."""
    monkeypatch.chdir(tmp_path)
    notebook = json.loads((ROOT / 'docs/start.ipynb').read_text('utf-8'))
    cells = [cell for cell in notebook['cells'] if cell['cell_type'] == 'code']
    assert not any(cell['outputs'] for cell in cells), 'it is stored without outputs'
    space: dict = {}
    for cell in cells:
        exec(''.join(cell['source']), space)
    answers = space['answers']['predictions'][0]
    assert [answer['text'] for answer in answers] == space['sentences']
    assert space['picture'].size > (64, 64) and 'rec/mIoU' in space['scores']
