"""A step of any method is one copy to the device and, at test, one back.

Each method of the toy configs runs on a stand-in for a GPU that counts what the host
waits for. Steps that need more copies or waits are listed here, with the reason.
"""
from collections import Counter

import pytest
import torch

from tests.device_stand_in import DeviceStandIn
from tests.every_method import METHODS, make_folders
from tests.step_counts import count_steps
from tests.tools.running import run_tool, tool_error

pytestmark = pytest.mark.slow

MOVE = ('move', 'segvg/structures/packing.py:to')
FETCH = ('wait', 'segvg/structures/packing.py:fetch')
# SciPy solves the assignment where an expression has several targets.
MATCHER = 'segvg/models/task_utils/hungarian_matcher.py:_assign'
MATCHING = Counter([('wait', MATCHER), ('copy', MATCHER)])
#: What a training step has besides ``MOVE``, by the folder of the config.
TRAINING = {'siri/mdetr_tiny_captions_synthref_l0': MATCHING,
            'instancevg/instancevg_tiny_synthref_l1': MATCHING}
#: What a test step has besides ``MOVE`` and ``FETCH``.
TEST = {'siri/mdetr_tiny_captions_synthref_l0': Counter([
    # how many queries are above the threshold and get a mask
    ('wait', 'segvg/models/heads/set_box_head.py:_choose_masks')])}


@pytest.fixture(scope='module')
def folders(tmp_path_factory):
    return make_folders(tmp_path_factory.mktemp('copies'))


@pytest.mark.parametrize('name', METHODS)
def test_step_is_one_copy_and_one_back(name, folders, tmp_path):
    counts = count_steps(name, folders, tmp_path)
    assert all(value.is_meta for value in counts.losses.values())
    assert counts.training == Counter([MOVE]) + TRAINING.get(name, Counter())
    assert counts.test == Counter([MOVE, FETCH]) + TEST.get(name, Counter())
    for sample in counts.samples:
        assert 'frame' not in sample
        assert all(not value.is_meta for value in sample.pred_instances.values()
                   if isinstance(value, torch.Tensor))


@pytest.mark.parametrize('name', ['siri/siri_tiny', 'seqtr/seqtr_tiny_det'])
def test_the_box_as_a_mask_costs_no_copy(name, folders, tmp_path):
    counts = count_steps(f'{name}_box_mask_synthref_l0', folders, tmp_path)
    assert counts.training == Counter([MOVE])


def test_tool_prints_the_counts(monkeypatch, capsys):
    run_tool(monkeypatch, 'analysis_tools/count_copies.py', '--only', METHODS[0],
             '--places')
    lines = capsys.readouterr().out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith('| config'))
    name, move, fetch = METHODS[0], ' of '.join(MOVE), ' of '.join(FETCH)
    assert lines[start + 2:] == [
        f'| {name} | 1 / 0 | 1 / 1 |', '', f'{name}, training step', f'    1  {move}',
        f'{name}, test step', f'    1  {move}', f'    1  {fetch}']
    assert 'no toy config' in tool_error(
        monkeypatch, 'analysis_tools/count_copies.py', '--only', 'detr')


def test_stand_in_counts_what_makes_a_gpu_wait():
    with DeviceStandIn() as device:
        values = torch.arange(4.).to('meta')
        assert values[values > 1].on_host.tolist() == [2, 3]
        assert float(values.sum()) == 6 and values.tolist() == [0, 1, 2, 3]
        assert device.total('copy') == 1 and device.total('wait') == 3
        values[torch.tensor([0, 1])] = torch.tensor([5., 6.], device='meta')
        assert values.cpu().tolist() == [5, 6, 2, 3]
        assert device.total('copy') == 3 and device.total('wait') == 4
        for mixed in (lambda: values + torch.ones(4),
                      lambda: torch.stack([values[0], torch.tensor(1.)])):
            with pytest.raises(RuntimeError, match='of the device and of the host'):
                mixed()
