"""tools/analysis_tools/trivial_answers.py: what no model is needed for."""
import json

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from segvg.annotations.canonical import CanonicalWriter
from tests.tools.running import run_tool, tool_error
from tests.toy import ROOT

pytestmark = pytest.mark.slow

TOOL = 'analysis_tools/trivial_answers.py'


def square(x, y, side):
    """Return an instance that fills a square."""
    box = [float(v) for v in (x, y, x + side, y + side)]
    x1, y1, x2, y2 = box
    return dict(bbox=box, category_id=1,
                segm=dict(poly=[[x1, y1, x2, y1, x2, y2, x1, y2]]))


@pytest.fixture
def config(tmp_path):
    """A config on one image of 10 x 10 with two squares and three sentences."""
    (tmp_path / 'images').mkdir()
    Image.fromarray(np.zeros((10, 10, 3), np.uint8)).save(tmp_path / 'images/1.png')
    with CanonicalWriter(tmp_path, 'toy', dict(dataset='toy')) as writer:
        writer.write(dict(
            image=dict(id='file:1.png', file='1.png', width=10, height=10), split='val',
            instances=[dict(square(0, 0, 4), id=0), dict(square(6, 6, 2), id=1)],
            exprs=[dict(id=0, ref_id=0, text='large', targets=[0], src=[0, 0]),
                   dict(id=1, ref_id=1, text='all', targets=[0, 1], src=[0, 0]),
                   dict(id=2, ref_id=2, text='star', targets=[], src=[0, 0])]))
    cfg = Config.fromfile(ROOT / 'configs/rela/rela_tiny_synthref_l1.py')
    cfg.test_dataloader.dataset = dict(
        type='GroundingDataset', data_root=str(tmp_path), ann_file='toy_val.jsonl',
        data_prefix=dict(img='images'), sample_by='image', test_mode=True)
    cfg.dump(tmp_path / 'config.py')
    return tmp_path / 'config.py'


def test_answers_are_scored_and_compared(config, tmp_path, monkeypatch, capsys):
    scores = tmp_path / 'scores.json'
    scores.write_text(json.dumps(dict(metrics={
        f'gres/{name}': 50 for name in ('gIoU', 'cIoU', 'N-acc', 'T-acc')})))
    run_tool(monkeypatch, TOOL, config, '--scores', scores, '--json',
             tmp_path / 'out.json')
    table = json.loads((tmp_path / 'out.json').read_text())
    empty, objects, whole, ours = table.values()
    assert empty['gres/gIoU'] == pytest.approx(100 / 3)
    assert (empty['gres/N-acc'], empty['gres/T-acc']) == (100, 0)
    assert objects['gres/gIoU'] == pytest.approx(100 * (16 / 20 + 1) / 3)
    assert (objects['gres/N-acc'], objects['gres/T-acc']) == (0, 100)
    assert whole['gres/gIoU'] == pytest.approx(100 * (0.16 + 0.2) / 3)
    assert ours['gres/gIoU'] == 50
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ['gIoU', 'cIoU', 'N-acc', 'T-acc']
    assert lines[1].split()[-4:] == ['33.33', '0.00', '100.00', '0.00']


def test_scores_of_another_task_are_told(config, tmp_path, monkeypatch):
    (tmp_path / 'rec.json').write_text('{"metrics": {"rec/acc@0.5": 80}}')
    message = tool_error(monkeypatch, TOOL, config, '--scores', tmp_path / 'rec.json')
    assert 'rec.json lacks gres/gIoU' in message
