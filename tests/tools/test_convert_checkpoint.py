"""tools/convert_checkpoint.py: files as SeqTR's code writes them."""
import runpy

import pytest
import torch

from segvg.checkpoints.io import load_checkpoint, state_dict_of
from segvg.checkpoints.rules import RULES
from segvg.checkpoints.stored_config import stored_config
from tests.parity.comparison import load_case
from tests.tools.running import run_tool, tool_error
from tests.toy import ROOT

pytestmark = pytest.mark.slow

CASE = ROOT / 'tests/data/parity/seqtr/multitask_box_and_mask.npz'


@pytest.fixture
def published(tmp_path):
    """A file of distributed training: a prefix before every name, an average."""
    names = load_case(CASE)['meta']['state_dict_shapes']
    states = [{f'module.{name}': torch.full((1, ), value) for name in names}
              for value in (1.0, 2.0)]
    torch.save(dict(epoch=3, d_acc=80.0, amp=False, state_dict=states[0],
                    ema_state_dict=states[1], optimizer=dict(state={}), lr=5e-4),
               tmp_path / 'det_best.pth')
    return tmp_path / 'det_best.pth'


@pytest.mark.parametrize('options, value', [([], 1.0), (['--average'], 2.0)])
def test_plain_or_averaged_weights(published, tmp_path, monkeypatch, options, value):
    run_tool(monkeypatch, 'convert_checkpoint.py', 'seqtr', published,
             tmp_path / 'ours.pth', *options)
    state = torch.load(tmp_path / 'ours.pth', weights_only=True)['state_dict']
    assert state['head.start_embed.weight'].item() == value
    assert len(state) == len(load_case(CASE)['meta']['state_dict_shapes'])


def test_missing_average_is_told(published, tmp_path, monkeypatch):
    torch.save(dict(state_dict=dict(a=torch.ones(1))), tmp_path / 'plain.pth')
    assert 'has no averaged weights' in tool_error(
        monkeypatch, 'convert_checkpoint.py', 'seqtr', tmp_path / 'plain.pth',
        tmp_path / 'ours.pth', '--average')


def test_output_may_be_safetensors(published, tmp_path, monkeypatch):
    run_tool(monkeypatch, 'convert_checkpoint.py', 'seqtr', published,
             tmp_path / 'new/ours.safetensors')
    state = state_dict_of(load_checkpoint(tmp_path / 'new/ours.safetensors'))
    assert len(state) == len(load_case(CASE)['meta']['state_dict_shapes'])


@pytest.mark.parametrize('name', ['ours.safetensors', 'ours.pth'])
def test_output_may_hold_its_config(published, tmp_path, monkeypatch, name):
    run_tool(monkeypatch, 'convert_checkpoint.py', 'seqtr', published, tmp_path / name,
             '--config', ROOT / 'configs/seqtr/seqtr_det_refcoco.py')
    found = stored_config(load_checkpoint(tmp_path / name), tmp_path / name)
    assert found.model.type == 'SeqTR'


@pytest.mark.parametrize('data', [b'', b'PK\x03\x04', b'text'])
def test_what_is_not_a_checkpoint_is_told_in_one_line(tmp_path, monkeypatch, data):
    (tmp_path / 'a.pth').write_bytes(data)
    message = tool_error(monkeypatch, 'convert_checkpoint.py', 'seqtr',
                         tmp_path / 'a.pth', tmp_path / 'ours.pth')
    assert 'a.pth cannot be read as a checkpoint' in message and '\n' not in message


def test_every_method_with_rules_can_be_named():
    tool = runpy.run_path(str(ROOT / 'tools/convert_checkpoint.py'))
    assert tool['METHODS'] == tuple(sorted(RULES))
