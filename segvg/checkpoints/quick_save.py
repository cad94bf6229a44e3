"""``torch.save`` in two thirds of its time, for files of many small tensors.

For every number and text of a file ``torch.save`` calls two functions in Python, to
ask whether it is a storage, and for every tensor one that looks for all that a tensor
could be. What is written here is the same, byte for byte.
"""
import copyreg
import pickle
from collections import OrderedDict
from io import BytesIO
from types import SimpleNamespace
from typing import IO, Any, Optional

import torch
from mmengine.fileio import get_file_backend
from mmengine.runner import runner as mmengine_runner
from torch import Tensor

STORAGES = (torch.TypedStorage, torch.UntypedStorage)
#: Types of numbers whose tensors are all written in the same way.
PLAIN_DTYPES = {torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.bool,
                torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64}
_rebuild = torch.zeros(1).__reduce_ex__(pickle.DEFAULT_PROTOCOL)[0]


def save(content: Any, stream: IO[bytes]) -> None:
    """Write what ``torch.save`` writes."""
    table = {**copyreg.dispatch_table, Tensor: reduce_tensor}
    module = SimpleNamespace(
        __name__=__name__, Pickler=type('Pickler', (QuickPickler, ),
                                        dict(dispatch_table=table)))
    torch.save(content, stream, pickle_module=module)


class QuickPickler(pickle.Pickler):
    """What ``torch.save`` makes its own pickler of, which knows the ids of storages."""

    def __init_subclass__(cls) -> None:
        """Have only storages asked for their ids."""
        asked = vars(cls).get('persistent_id')
        if asked is not None:
            cls.persistent_id = lambda self, value: (  # type: ignore[method-assign]
                asked(self, value) if isinstance(value, STORAGES) else None)


def reduce_tensor(tensor: Tensor) -> tuple:
    """Return what a tensor is pickled as; see ``object.__reduce_ex__``."""
    if (tensor.dtype not in PLAIN_DTYPES or tensor.layout is not torch.strided
            or tensor.device.type != 'cpu' or tensor.requires_grad or tensor.is_neg()
            or tensor.is_nested or tensor._is_zerotensor() or vars(tensor)):
        return tensor.__reduce_ex__(2)
    return _rebuild, (tensor._typed_storage(), tensor.storage_offset(),
                      tuple(tensor.shape), tensor.stride(), False, OrderedDict())


def use_quick_save() -> None:
    """Make mmengine write checkpoints by ``save``."""
    mmengine_runner.save_checkpoint = save_checkpoint


def save_checkpoint(checkpoint: dict, filename: str,
                    file_client_args: Optional[dict] = None,
                    backend_args: Optional[dict] = None) -> None:
    """Write a checkpoint as mmengine's function of this name does."""
    if file_client_args is not None or filename.startswith('pavi://'):
        _save_checkpoint(checkpoint, filename, file_client_args, backend_args)
        return
    with BytesIO() as stream:
        save(checkpoint, stream)
        backend = get_file_backend(filename, backend_args=backend_args)
        backend.put(stream.getvalue(), filename)


_save_checkpoint = mmengine_runner.save_checkpoint
