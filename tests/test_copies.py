"""A step of any method is one copy to the device and, at test, one back.

Each method of the toy configs runs on a stand-in for a GPU that counts what the host
waits for. Steps that need more copies or waits are listed here, with the reason.
"""
from collections import Counter
from typing import Iterator

import pytest
import torch
from mmengine.optim import build_optim_wrapper

from segvg.models.layers.position_encoding import grid_position
from segvg.registry import MODELS
from tests.device_stand_in import DeviceStandIn, move
from tests.every_method import METHODS, batch_of, make_folders, method_config

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


@pytest.fixture(autouse=True)
def autocast_of_the_cpu(monkeypatch) -> Iterator[None]:
    """Use the CPU's autocast for the stand-in; keep none of its tensors in a cache."""
    original = torch.autocast

    class Autocast(original):  # type: ignore[misc, valid-type]
        def __init__(self, device_type, *args, **kwargs) -> None:
            super().__init__('cpu' if device_type == 'meta' else device_type, *args,
                             **kwargs)

    monkeypatch.setattr(torch, 'autocast', Autocast)
    yield
    grid_position.cache_clear()


@pytest.mark.parametrize('name', METHODS)
def test_step_is_one_copy_and_one_back(name, folders, tmp_path):
    cfg = method_config(name, folders, tmp_path)
    cfg.optim_wrapper.optimizer.pop('fused', None)  # PyTorch lists the devices for it
    model = MODELS.build(cfg.model)
    with DeviceStandIn() as device:
        move(model)
        wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
        batch = batch_of(cfg.train_dataloader, *range(4))
        losses = model.train().train_step(batch, wrapper)
        assert all(value.is_meta for value in losses.values())
        assert device.events == Counter([MOVE]) + TRAINING.get(name, Counter())
        model.eval()
        batch = batch_of(cfg.test_dataloader, *range(4))
        with torch.no_grad():
            model.test_step(batch)  # looks up whether ReLA's gates are open
            device.events.clear()
            samples = model.test_step(batch)
        assert device.events == Counter([MOVE, FETCH]) + TEST.get(name, Counter())
    for sample in samples:
        assert 'frame' not in sample
        assert all(not value.is_meta for value in sample.pred_instances.values()
                   if isinstance(value, torch.Tensor))


@pytest.mark.parametrize('name', ['siri/siri_tiny', 'seqtr/seqtr_tiny_det'])
def test_the_box_as_a_mask_costs_no_copy(name, folders, tmp_path):
    cfg = method_config(f'{name}_box_mask_synthref_l0', folders, tmp_path)
    cfg.optim_wrapper.optimizer.pop('fused', None)
    model = MODELS.build(cfg.model)
    with DeviceStandIn() as device:
        move(model)
        wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
        model.train().train_step(batch_of(cfg.train_dataloader, *range(4)), wrapper)
        assert device.events == Counter([MOVE])


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
