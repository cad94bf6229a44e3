"""A model as a folder, uploaded to a hub and fetched from it."""
import pytest
import torch
from huggingface_hub import ModelCard

from segvg.checkpoints.io import load_checkpoint, state_dict_of
from segvg.checkpoints.stored_config import stored_config
from segvg.hub import resolve
from segvg.hub.hub_model import HubModel
from segvg.utils.errors import InputError
from tests.hub.server import use_as_hub

CARD = dict(
    name='small <b>', scores={'rec/acc@0.5': 90.25}, protocols=[], thresholds=[],
    intervals={'rec/acc@0.5': [88.0, 92.5]}, leakage='clean',
    data=dict(expressions=20, images=10, splits=['toy val'], files=[]),
    config=dict(file='/home/me/small.py'), weights=dict(sha256='ab'), seed=0,
    training=None, keys='')


def test_folder_is_a_model(checkpoint, small_model, tmp_path):
    folder = tmp_path / 'folder'
    HubModel(checkpoint, CARD, license='mit').save_pretrained(folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        'README.md', 'config.json', 'model.py', 'model.safetensors']
    model = HubModel.from_pretrained(folder)
    assert model.checkpoint == resolve(folder) == folder / 'model.safetensors'
    found = load_checkpoint(model.checkpoint)
    assert all(torch.equal(value, small_model[1][name])
               for name, value in state_dict_of(found).items())
    cfg = stored_config(found, model.checkpoint)
    assert cfg.model.to_dict() == small_model[0].model.to_dict()
    card = ModelCard.load(folder / 'README.md')
    assert card.data.license == 'mit' and 'visual-grounding' in card.data.tags
    assert '| rec/acc\\@0\\.5 | 90.25 | 88.00 to 92.50 |' in card.text
    everything = ''.join(path.read_text('latin1') for path in folder.iterdir())
    assert '/home/me' not in everything and str(tmp_path) not in everything


def test_model_is_uploaded_and_fetched(checkpoint, server, tmp_path, monkeypatch):
    use_as_hub(monkeypatch, server)
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_CACHE', str(tmp_path / 'hub'))
    HubModel(checkpoint).push_to_hub('owner/small', token='hf_none')
    assert '/owner/small/resolve/main/model.safetensors' in server.files
    model = HubModel.from_pretrained('owner/small', cache_dir=tmp_path / 'hub')
    assert state_dict_of(load_checkpoint(model.checkpoint))
    assert not model.checkpoint.with_name('model.py').exists()  # it is code
    with pytest.raises(InputError, match='owner/other is neither'):
        resolve('owner/other')


def test_config_json_of_a_folder_sets_nothing(checkpoint, tmp_path):
    folder = tmp_path / 'folder'
    HubModel(checkpoint).save_pretrained(folder)
    (folder / 'config.json').write_text('{"checkpoint": "/etc/passwd", "card": {}, '
                                        '"license": "x", "revision": "y"}')
    model = HubModel.from_pretrained(folder)
    assert model.checkpoint == folder / 'model.safetensors'
    assert model.card is None and not model.license


def test_folder_without_weights_is_an_error(tmp_path):
    with pytest.raises(InputError, match='has no model.safetensors'):
        HubModel.from_pretrained(tmp_path)
