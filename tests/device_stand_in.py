"""A stand-in for a GPU, on the CPU, that counts what the host would wait for.

Tensors "on the device" are computed on the CPU, but say that they are on ``meta``: code
takes the branch for a GPU, and every copy between host and device passes here. A tensor
of the host among them is an error, as on a GPU.
"""
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Iterator

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

ROOT = Path(__file__).parents[1]
DEVICE = torch.device('meta')
aten = torch.ops.aten
#: Operations whose result, or its size, is known to the host only after a wait.
WAITING = {aten._local_scalar_dense.default, aten.nonzero.default,
           aten.masked_select.default, aten.equal.default, aten._unique2.default,
           aten.unique_dim.default, aten.bincount.default, aten.is_nonzero.default}
INDEXING = {aten.index.Tensor, aten.index_put.default, aten.index_put_.default,
            aten._index_put_impl_.default, aten._unsafe_index.Tensor}
#: Operations that take some of their tensors on the host.
TAKE_BOTH = {aten._pack_padded_sequence.default, aten._pad_packed_sequence.default}
#: Operations that take not even a number (a tensor without dimensions) of the host.
JOINING = {aten.cat.default, aten.stack.default}
CONTAINERS = (list, tuple, dict)
MAKERS = {torch.tensor, torch.as_tensor, torch.asarray, Tensor.new_tensor}


class DeviceTensor(Tensor):
    """A tensor of the device; ``on_host`` holds its values."""
    on_host: Tensor

    @staticmethod
    def __new__(cls, on_host: Tensor) -> 'DeviceTensor':
        """Wrap a tensor of the CPU."""
        new = Tensor._make_wrapper_subclass(
            cls, on_host.size(), strides=on_host.stride(), dtype=on_host.dtype,
            storage_offset=on_host.storage_offset(), device=DEVICE)
        new.on_host = on_host
        return new

    def __repr__(self) -> str:
        return f'DeviceTensor({self.on_host})'

    @classmethod
    def __torch_dispatch__(cls, func: Callable, types: Any, args: tuple = (),
                           kwargs: Any = None) -> Any:
        """Refuse: there is no device outside of ``DeviceStandIn``."""
        raise RuntimeError(f'{func} outside of the stand-in')


def is_on_device(value: Any) -> bool:
    """Whether something is a tensor of the device."""
    return isinstance(value, DeviceTensor)


def to_host(value: Any) -> Any:
    """Return the values of a tensor of the device; anything else as it is."""
    return value.on_host if isinstance(value, DeviceTensor) else value


def to_device(value: Any) -> Any:
    """Return a tensor of the host on the device; anything else as it is."""
    if isinstance(value, Tensor) and not isinstance(value, DeviceTensor):
        return DeviceTensor(value)
    return value


def mapped(function: Callable, value: Any) -> Any:
    """Return what an operation takes or gives with a function applied to each part."""
    if isinstance(value, (list, tuple)):
        return type(value)([
            mapped(function, part) if isinstance(part, CONTAINERS) else function(part)
            for part in value])
    if isinstance(value, dict):
        return {key: mapped(function, part) for key, part in value.items()}
    return function(value)


def tensors_in(value: Any) -> list[Tensor]:
    """Return the tensors that an operation takes or gives."""
    if not isinstance(value, CONTAINERS):
        return [value] if isinstance(value, Tensor) else []
    found = []
    for part in value.values() if isinstance(value, dict) else value:
        if isinstance(part, Tensor):
            found.append(part)
        elif isinstance(part, CONTAINERS):
            found += tensors_in(part)
    return found


class _Makers(TorchFunctionMode):
    """Counts tensors that Python makes, which reach no operation."""

    def __init__(self, count: Callable[[str], None]) -> None:
        super().__init__()
        self.count = count

    def __torch_function__(self, func: Callable, types: Any, args: tuple = (),
                           kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func in (Tensor.tolist, Tensor.numpy) and is_on_device(args[0]):
            self.count('wait')
            return func(to_host(args[0]), **kwargs)
        if func is torch.gru and args[1].is_floating_point() and args[-1]:
            # PyTorch would transpose in place, which a tensor of the device cannot.
            states, last = func(args[0].transpose(0, 1), *args[1:-1], False)
            return states.transpose(0, 1), last
        if func not in MAKERS:
            return func(*args, **kwargs)
        device = kwargs.get('device')
        if device is None and func is Tensor.new_tensor:
            device = args[0].device
            args = (to_host(args[0]), *args[1:])
        if device is None or torch.device(device) != DEVICE:
            return func(*args, **kwargs)
        if is_on_device(args[-1]):  # as_tensor of a tensor
            return func(*args, **kwargs)
        self.count('copy')
        return DeviceTensor(func(*args, **dict(kwargs, device='cpu')))


class DeviceStandIn(TorchDispatchMode):
    """While it is entered, ``meta`` is a device that computes and counts.

    Attributes:
        events: how often, by what happened and where: ``wait``, the host waits for the
            device; ``copy``, a blocking copy to the device; ``move``, one that does
            not block.
    """

    def __init__(self) -> None:
        super().__init__()
        self.events: Counter[tuple[str, str]] = Counter()
        self._makers = _Makers(self.count)

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Nothing is compiled here, and to keep the compiler out takes long."""
        return False

    def __enter__(self) -> 'DeviceStandIn':
        super().__enter__()
        self._makers.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._makers.__exit__(*error)
        super().__exit__(*error)

    def count(self, kind: str) -> None:
        """Note an event with the line of the project that caused it."""
        self.events[kind, _place()] += 1

    def total(self, kind: str) -> int:
        """Return how many events of a kind there were."""
        return sum(count for (own, _), count in self.events.items() if own == kind)

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (),
                           kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        values = tensors_in(args) + tensors_in(kwargs)
        others = [value for value in values if not isinstance(value, DeviceTensor)]
        on_device = len(others) < len(values)
        target = kwargs.get('device')
        if target is not None:
            target = torch.device(target)
            kwargs['device'] = torch.device('cpu') if target == DEVICE else target
        if on_device:
            self._look(func, args, others, target)
        elif target == DEVICE and values:
            self.count('move' if kwargs.get('non_blocking') else 'copy')
        out = func(*mapped(to_host, args), **mapped(to_host, kwargs))
        if func is aten._pack_padded_sequence.default:
            return to_device(out[0]), out[1]  # sizes stay on the host
        if func._schema.is_mutable:
            return self._changed(func, args, kwargs, out)
        if target == DEVICE or (on_device and target is None):
            return mapped(to_device, out)
        return out

    def _look(self, func: Any, args: tuple, others: list[Tensor],
              target: Any) -> None:
        """Count what an operation on tensors of the device makes the host wait for.

        Args:
            func, args: the operation.
            others: the tensors that it takes which are on the host.
            target: the device of what it gives, if it is named.
        """
        if func in WAITING or (target is not None and target != DEVICE):
            self.count('wait')
        elif func is aten.copy_.default:
            if others:
                self.count('wait' if others[0] is args[0] else 'copy')
        elif func in INDEXING:
            index = [value for value in args[1] if value is not None]
            if any(value.dtype in (torch.bool, torch.uint8) for value in index):
                self.count('wait')
            for value in index:
                if not is_on_device(value):
                    self.count('copy')
        elif func is aten.repeat_interleave.Tensor:
            self.count('wait')
        elif func in TAKE_BOTH:
            pass
        elif any(value.dim() or func in JOINING for value in others):
            raise RuntimeError(f'{func}: tensors of the device and of the host')

    @staticmethod
    def _changed(func: Any, args: tuple, kwargs: dict, out: Any) -> Any:
        """Return the tensors that an operation changed in place, not new ones."""
        given = {value.name: args[i] if i < len(args) else kwargs.get(value.name)
                 for i, value in enumerate(func._schema.arguments)}
        changed = [given[value.name] for value in func._schema.arguments
                   if value.alias_info is not None and value.alias_info.is_write
                   and given[value.name] is not None]
        returns = func._schema.returns
        if len(returns) == 1 and returns[0].alias_info is not None:
            return changed[0]
        on_device = any(map(is_on_device, tensors_in(changed)))
        return mapped(to_device, out) if on_device else out


def _place() -> str:
    """Return the line of the project, or else of mmengine, that is being run."""
    other = 'autograd'
    for frame in _frames():
        path = frame.f_code.co_filename
        if path == str(ROOT / 'segvg/utils/exits.py'):  # around the tool that counts
            continue
        if '/segvg/' in path and path.startswith(str(ROOT)):
            return f'{Path(path).relative_to(ROOT)}:{frame.f_code.co_name}'
        if '/mmengine/' in path and other == 'autograd':
            other = f'mmengine/{path.split("/mmengine/")[-1]}:{frame.f_code.co_name}'
    return other


def _frames() -> Iterator[Any]:
    frame = sys._getframe(2)
    while frame is not None:
        yield frame
        frame = frame.f_back


def move(model: nn.Module) -> nn.Module:
    """Move a model to the device; call it within ``DeviceStandIn``."""
    moved: dict[int, Tensor] = {}
    for module in model.modules():
        for name, value in [*module._parameters.items(), *module._buffers.items()]:
            if value is None:
                continue
            if id(value) not in moved:
                moved[id(value)] = DeviceTensor(value.detach())
                if name in module._parameters:
                    moved[id(value)] = nn.Parameter(moved[id(value)],
                                                    value.requires_grad)
            setattr(module, name, moved[id(value)])
        if hasattr(module, '_device'):  # a data preprocessor
            module._device = DEVICE
    return model
