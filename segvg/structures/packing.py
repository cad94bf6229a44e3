"""Many tensors in one buffer, and indices that are made on a device.

The time of a copy between host and device has a fixed part beside that of its size, and
a blocking copy waits for all queued work. So a batch is one copy to the device and one
back.
"""
from typing import Generic, Hashable, Mapping, NamedTuple, Sequence, TypeVar

import torch
from torch import Tensor

Key = TypeVar('Key', bound=Hashable)


class Slot(NamedTuple):
    """Where a tensor lies in a buffer.

    Attributes:
        start: its first byte.
        dtype: its type.
        shape: its shape.
    """
    start: int
    dtype: torch.dtype
    shape: torch.Size


class PackedTensors(Generic[Key]):
    """Tensors of any types and shapes, by name, in one buffer of bytes.

    Attributes:
        buffer: (N,) uint8.
        slots: where each tensor lies.
    """

    def __init__(self, buffer: Tensor, slots: dict[Key, Slot]) -> None:
        self.buffer = buffer
        self.slots = slots

    @classmethod
    def pack(cls, tensors: Mapping[Key, Tensor]) -> 'PackedTensors[Key]':
        """Copy one or more tensors of one device into a buffer on that device."""
        slots, parts, start = {}, [], 0
        # Widest types first: then each begins at a multiple of its own size.
        for key, tensor in sorted(tensors.items(),
                                  key=lambda item: -item[1].element_size()):
            slots[key] = Slot(start, tensor.dtype, tensor.shape)
            parts.append(tensor.contiguous().reshape(-1).view(torch.uint8))
            start += len(parts[-1])
        return cls(torch.cat(parts), slots)

    def unpack(self) -> dict[Key, Tensor]:
        """Return the tensors, views of the buffer."""
        tensors = {}
        for key, (start, dtype, shape) in self.slots.items():
            stop = start + shape.numel() * dtype.itemsize
            tensors[key] = self.buffer[start:stop].view(dtype).view(shape)
        return tensors

    def to(self, device: torch.device) -> 'PackedTensors[Key]':
        """Return a copy on a device, which does not block if the buffer is pinned."""
        return PackedTensors(self.buffer.to(device, non_blocking=True), self.slots)

    def pin_memory(self) -> 'PackedTensors[Key]':
        """Return a copy in pinned memory; loaders with ``pin_memory`` call this."""
        return PackedTensors(self.buffer.pin_memory(), self.slots)


def fetch(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return tensors of one device on the CPU, by one transfer.

    Tensors of the CPU are returned as they are. Each copied tensor has its own memory,
    so that keeping one does not keep the others.
    """
    if all(tensor.device.type == 'cpu' for tensor in tensors):
        return list(tensors)
    packed = PackedTensors.pack(dict(enumerate(tensors)))
    on_host = PackedTensors(packed.buffer.cpu(), packed.slots).unpack()
    return [on_host[number].clone() for number in range(len(tensors))]


def whole_numbers(values: Sequence[int], device: torch.device,
                  dtype: torch.dtype = torch.int64) -> Tensor:
    """Return integers >= 0 as a tensor (N,) on a device without a copy from the CPU.

    ``torch.tensor`` makes a tensor on the CPU and copies it, which waits for the
    device. Here the device counts 0, 1, 2, ... and the integers are slices of that.
    """
    if device.type == 'cpu':
        return torch.tensor(list(values), dtype=dtype)
    if not len(values):
        return torch.empty(0, dtype=dtype, device=device)
    counted = torch.arange(max(values) + 1, dtype=dtype, device=device)
    return torch.cat([counted[value:value + 1] for value in values])


def true_positions(mask: Tensor, count: int) -> Tensor:
    """Return the positions (N,) int64 of the True values of a flattened mask, in order.

    ``nonzero`` waits for the device to learn how many there are. Here the number is
    known: they are the first of a stable order.

    Args:
        mask: bool, of any shape.
        count: N, how many values are True.
    """
    return mask.flatten().byte().argsort(descending=True, stable=True)[:count]
