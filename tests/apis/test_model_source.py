"""Models by name, by folder and by checkpoint: one way to a config and weights."""
import json

import numpy as np
import pytest
from PIL import Image

from segvg.apis import GroundingInferencer
from segvg.apis.model_source import find_model
from segvg.hub.hub_model import HubModel
from segvg.utils.errors import InputError
from tests.hub.conftest import checkpoint, published, server, small_model  # noqa: F401
from tests.tools.running import run_tool
from tests.toy import ROOT

IMAGE = np.zeros((40, 60, 3), np.uint8)


def box_of(*arguments):
    ground = GroundingInferencer(*arguments, device='cpu')
    return ground(IMAGE, ['the red square'])['predictions'][0][0]['bbox']


def test_published_model_answers_on_first_use(published, server):  # noqa: F811
    box = box_of('small')
    count = len(server.log)
    assert len(box) == 4 and box_of('small') == box and len(server.log) == count


def test_folder_and_checkpoint_answer_alike(checkpoint, tmp_path):  # noqa: F811
    HubModel(checkpoint).save_pretrained(tmp_path / 'folder')
    assert (box_of(tmp_path / 'folder') == box_of(None, checkpoint)
            == box_of(checkpoint)
            == box_of(None, tmp_path / 'folder/model.safetensors'))


def test_infer_takes_a_name(published, tmp_path, monkeypatch, capsys):  # noqa: F811
    Image.fromarray(IMAGE).save(tmp_path / 'a.png')
    given = [tmp_path / 'a.png', '--text', 'the red square', '--out-dir',
             tmp_path / 'out', '--device', 'cpu']
    run_tool(monkeypatch, 'infer.py', *given, '--model', 'small')
    [found] = json.loads((tmp_path / 'out/predictions.json').read_text())
    assert found['bbox'] == pytest.approx(box_of('small'), abs=0.01)
    for wrong in ([], ['--model', 'small', '--checkpoint', 'a.pth'],
                  ['--model', 'small', '--config', 'a.py']):
        with pytest.raises(SystemExit):
            run_tool(monkeypatch, 'infer.py', *given, *wrong)
        assert '--model' in capsys.readouterr().err


def test_missing_weights_and_unknown_names_are_told(published):  # noqa: F811
    with pytest.raises(ValueError, match='weights are missing'):
        find_model('configs/segvg/segvg_refcoco.py')
    with pytest.raises(ValueError, match='weights are missing'):
        find_model(None)
    with pytest.raises(InputError, match='did you mean small'):
        find_model('smal')
    with pytest.raises(FileNotFoundError, match='checkpoint no/a.pth does not exist'):
        find_model('no/a.pth')


def test_config_of_a_foundation_model_names_its_weights():
    config = ROOT / 'configs/foundation/sam3_refcoco.py'
    assert str(find_model(config).weights) == 'facebook/sam3'
    assert str(find_model(config, 'my/folder').weights) == 'my/folder'
