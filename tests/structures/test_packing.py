"""Tensors in one buffer, and indices that a device makes."""
import pytest
import torch

from segvg.structures.packing import PackedTensors, fetch, true_positions, whole_numbers
from tests.device_stand_in import DeviceStandIn


def some_tensors() -> dict:
    return dict(
        flags=torch.tensor([True, False, True]), empty=torch.zeros(0, 4),
        number=torch.tensor(2.5, dtype=torch.float64), ids=torch.arange(3),
        turned=torch.arange(6.).view(2, 3).T)


def test_tensors_come_out_of_the_buffer_as_they_went_in():
    tensors = some_tensors()
    packed = PackedTensors.pack(tensors)
    assert packed.buffer.dtype == torch.uint8 and len(packed.buffer) == 3 + 8 + 24 + 24
    unpacked = packed.to(torch.device('cpu')).unpack()
    assert unpacked.keys() == tensors.keys()
    for key, tensor in tensors.items():
        assert unpacked[key].dtype == tensor.dtype
        assert torch.equal(unpacked[key], tensor)


def test_tensors_of_a_device_are_fetched_by_one_transfer():
    tensors = list(some_tensors().values())
    assert all(one is other for one, other in zip(fetch(tensors), tensors))
    with DeviceStandIn() as device:
        fetched = fetch([tensor.to('meta') for tensor in tensors])
        assert device.total('wait') == 1
    for one, other in zip(fetched, tensors):
        assert torch.equal(one, other)
        assert one.untyped_storage().nbytes() == other.numel() * other.element_size()


@pytest.mark.parametrize('values', [[3, 0, 2, 2], [], [True, False]])
def test_whole_numbers_are_made_without_a_copy(values):
    expected = torch.tensor(values, dtype=torch.float64)
    assert torch.equal(
        whole_numbers(values, torch.device('cpu'), torch.float64), expected)
    with DeviceStandIn() as device:
        made = whole_numbers(values, torch.device('meta'), torch.float64)
        assert not device.events and torch.equal(made.on_host, expected)


@pytest.mark.parametrize('share', [0, 0.4, 1])
def test_true_positions_are_those_of_nonzero_without_a_wait(share):
    mask = torch.rand(3, 40, generator=torch.Generator().manual_seed(0)) < share
    expected = mask.flatten().nonzero()[:, 0]
    with DeviceStandIn() as device:
        found = true_positions(mask.to('meta'), len(expected))
        assert device.total('wait') == 0 and torch.equal(found.on_host, expected)
