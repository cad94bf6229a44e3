"""A list of samples that reaches another process in one piece."""
import io
import pickle
from multiprocessing.reduction import ForkingPickler
from typing import Any, Callable, Optional

import torch
from torch import Tensor

from segvg.structures.packing import PackedTensors


class SampleList(list):
    """A list of data samples that a worker of a loader sends at once.

    PyTorch gives each tensor that goes to another process a shared memory and a file
    descriptor of its own, which are asked for one after the other: for a batch of small
    tensors longer than the main process should wait. Here all tensors of the samples
    are one. Copying and saving are those of any list.
    """


class _Pickler(pickle.Pickler):
    """Leaves out plain tensors of the CPU and keeps them, each once."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self.tensors: dict[int, Tensor] = {}
        self._numbers: dict[int, int] = {}

    def persistent_id(self, value: Any) -> Optional[int]:
        """Return the number of a tensor that is left out."""
        if (type(value) is not Tensor or value.device.type != 'cpu'
                or value.requires_grad or value.layout is not torch.strided):
            return None
        # ``tensors`` keeps what it was given, so that no id is used twice.
        number = self._numbers.setdefault(id(value), len(self._numbers))
        self.tensors[number] = value
        return number


class _Unpickler(pickle.Unpickler):
    """Puts the tensors in again."""

    def __init__(self, file: io.BytesIO, tensors: dict[int, Tensor]) -> None:
        super().__init__(file)
        self.tensors = tensors

    def persistent_load(self, number: int) -> Tensor:
        """Return a tensor by its number."""
        return self.tensors[number]


def _restore(content: bytes, packed: Optional[PackedTensors[int]]) -> SampleList:
    """Return the list; each tensor has its own memory, so that one can be kept."""
    tensors = {} if packed is None else {
        number: tensor.clone() for number, tensor in packed.unpack().items()}
    return SampleList(_Unpickler(io.BytesIO(content), tensors).load())


def _reduce(samples: SampleList) -> tuple[Callable, tuple]:
    """Return how to make the list again in another process."""
    file = io.BytesIO()
    pickler = _Pickler(file)
    pickler.dump(list(samples))
    tensors = pickler.tensors
    packed = PackedTensors.pack(tensors) if tensors else None
    return _restore, (file.getvalue(), packed)


ForkingPickler.register(SampleList, _reduce)
