"""Samples that go to another process."""
import copy
import io
import pickle
from multiprocessing.reduction import ForkingPickler

import torch

from segvg.structures.data_sample import ExpressionGroup, GroundingDataSample
from segvg.structures.sample_list import SampleList
from tests.generalized_toy import make_sample


def send(samples):
    """Return samples as another process gets them, and how many tensors were sent."""
    sent = []

    class Pickler(ForkingPickler):
        """Counts the tensors that get a shared memory."""

        def persistent_id(self, value):
            if isinstance(value, torch.Tensor):
                sent.append(value)
                return len(sent) - 1
            return None

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, number):
            return sent[number]

    file = io.BytesIO()
    Pickler(file).dump(samples)
    return Unpickler(io.BytesIO(file.getvalue())).load(), len(sent)


def make_samples():
    """Two images with two and one expressions, with tensors of four types."""
    samples = SampleList(ExpressionGroup([make_sample([5 + i], targets=i)
                                          for i in range(count)]) for count in (3, 2))
    samples[1].samples[0].set_field(torch.tensor(0.5, dtype=torch.float64), 'score',
                                    field_type='metainfo')
    return samples


def all_tensors(value):
    """Yield the tensors of samples in order, with their names."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, ExpressionGroup)):
        for part in value:
            yield from all_tensors(part)
    elif hasattr(value, 'all_items'):
        for _, part in sorted(value.all_items()):
            yield from all_tensors(part)


def test_all_tensors_are_sent_as_one_and_arrive_as_they_were():
    samples = make_samples()
    received, sent = send(samples)
    assert sent == 1
    assert type(received) is SampleList and list(map(len, received)) == [3, 2]
    before, after = list(all_tensors(samples)), list(all_tensors(received))
    assert len(before) == len(after) > 10
    assert len({tensor.dtype for tensor in before}) > 3
    for one, other in zip(before, after, strict=True):
        assert one.dtype == other.dtype and one.shape == other.shape
        assert torch.equal(one, other)
    sample = received[0].samples[2]
    assert isinstance(sample, GroundingDataSample)
    assert sample.metainfo == samples[0].samples[2].metainfo


def test_each_received_tensor_has_its_own_memory():
    received, _ = send(make_samples())
    tensors = [tensor for tensor in all_tensors(received) if tensor.numel()]
    assert len({tensor.untyped_storage().data_ptr() for tensor in tensors}) == len(
        tensors)
    assert all(tensor.untyped_storage().nbytes() == tensor.nbytes for tensor in tensors)


def test_one_tensor_at_two_places_is_still_one():
    tensor = torch.arange(3)
    received, sent = send(SampleList([[tensor, tensor], tensor]))
    assert sent == 1 and received[0][0] is received[0][1] is received[1]
    assert received[1].tolist() == [0, 1, 2]


def test_samples_without_tensors_and_tensors_of_other_kinds_are_sent():
    assert send(SampleList(['text', 3])) == (['text', 3], 0)
    sparse = torch.eye(2).to_sparse()
    received, _ = send(SampleList([sparse]))
    assert received[0].is_sparse and torch.equal(received[0].to_dense(), torch.eye(2))


def test_it_is_copied_and_saved_like_any_list():
    samples = SampleList([torch.ones(2)])
    copied = copy.copy(samples)
    assert type(copied) is SampleList and copied[0] is samples[0]
    saved = pickle.loads(pickle.dumps(samples))
    assert type(saved) is SampleList and torch.equal(saved[0], samples[0])
