"""The config in a checkpoint: plain values of registered parts, or refused."""
import pytest
import torch

from segvg.checkpoints.io import load_checkpoint, save_weights, state_dict_of
from segvg.checkpoints.stored_config import is_registered, stored_config
from segvg.utils.configs import load
from segvg.utils.errors import InputError
from segvg.utils.fast_config_dump import plain_text

TINY = 'segvg::segvg/segvg_tiny_synthref_l0.py'
GOOD = ("model = {'type': 'SegVG'}\n"
        "test_dataloader = {'dataset': {'pipeline': []}}\n")


def stored(text):
    return stored_config(dict(meta=dict(cfg=text)), 'a.pth')


def test_config_of_a_training_is_read():
    cfg = load(TINY)
    found = stored(plain_text(cfg))
    assert found.model == cfg.model and found.default_scope == 'segvg'
    assert found.test_dataloader == cfg.test_dataloader
    assert found.test_evaluator == cfg.test_evaluator
    assert set(found.keys()) == {'model', 'test_dataloader', 'test_evaluator',
                                 'default_scope'}


def test_what_would_run_is_dropped():
    found = stored(GOOD + "custom_imports = {'imports': ['os']}\ndefault_scope = 'os'\n"
                   "custom_hooks = [{'type': 'os.system'}]\n")
    assert found.to_dict() == dict(
        model=dict(type='SegVG'), test_dataloader=dict(dataset=dict(pipeline=[])),
        default_scope='segvg')


@pytest.mark.parametrize('text', [
    'import os\n' + GOOD, "model = __import__('os').system('true')\n",
    "model = dict(type='SegVG')\n", 'model.a = 1\n', 'a = b = (1, 2\n',
    'model = ' + '[' * 5000 + ']' * 5000, 'model = ' + '-' * 100_000 + '1',
    'model = 1' + '0' * 10_000, 'print(1)', 'a: int = 1'])
def test_programs_are_refused(text):
    with pytest.raises(InputError, match='a.pth is not read: it is not a list of plain '
                       'values.*--config'):
        stored(text)


@pytest.mark.parametrize('name', ["'os.system'", "'os'", "'mmengine.dump'",
                                  "'segvg.utils.exits.fail'", "['SegVG']", '1'])
def test_parts_that_are_not_registered_are_refused(name):
    with pytest.raises(InputError, match='is not a registered part'):
        stored(GOOD.replace("'SegVG'", name))
    with pytest.raises(InputError, match='is not a registered part'):
        stored(GOOD.replace('[]', f"[{{'type': 'X', 'transforms': [{{'type': {name}}}]"
                            '}]'))


def test_other_scopes_are_refused():
    with pytest.raises(InputError, match="changes the scope to 'os'"):
        stored(GOOD.replace('[]', "[{'type': 'Resize', '_scope_': 'os'}]"))


def test_checkpoint_without_config_says_so():
    for checkpoint in (dict(meta={}), dict(meta=None), {}, [], dict(meta=dict(cfg=1))):
        with pytest.raises(InputError, match='a.pth holds no config.*--config'):
            stored_config(checkpoint, 'a.pth')
    with pytest.raises(InputError, match='has no test_dataloader'):
        stored("model = {'type': 'SegVG'}")
    with pytest.raises(InputError, match='has no model and no test_dataloader'):
        stored("model = 1")
    with pytest.raises(InputError, match='it has 2000000 characters'):
        stored(' ' * 2_000_000)


def test_registered_parts():
    assert is_registered('SegVG') and is_registered('segvg.SegVG')
    assert is_registered('Compose') is is_registered('segvg.Compose')
    assert not is_registered('segvg.checkpoints')


def test_config_of_safetensors_is_in_them_or_beside_them(tmp_path):
    path = tmp_path / 'a.safetensors'
    save_weights(path, dict(a=torch.ones(1)), dict(cfg=GOOD))
    checkpoint = load_checkpoint(path)
    assert state_dict_of(checkpoint)['a'].item() == 1
    assert stored_config(checkpoint, path).model == dict(type='SegVG')
    save_weights(path, dict(a=torch.ones(1)))
    with pytest.raises(InputError, match='a.safetensors holds no config'):
        stored_config(load_checkpoint(path), path)
    path.with_suffix('.py').write_text(GOOD)
    assert stored_config(load_checkpoint(path), path).model == dict(type='SegVG')
    path.with_suffix('.py').write_text('import os\n' + GOOD)
    with pytest.raises(InputError, match='is not a list of plain values'):
        stored_config(load_checkpoint(path), path)


def test_variable_for_the_folder_of_the_file_is_replaced(tmp_path):
    text = GOOD.replace('[]', "[{'vocab': '{{fileDirname}}/vocab.txt'}]")
    found = stored_config(dict(meta=dict(cfg=text)), tmp_path / 'a.pth')
    assert found.test_dataloader.dataset.pipeline == [
        dict(vocab=f'{tmp_path}/vocab.txt')]
