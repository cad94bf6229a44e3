"""Small stand-ins for what published code imports but does not need to be timed."""
import functools
import importlib
import sys
from types import ModuleType
from typing import Any, Callable, Iterator

import torch
from torch import Tensor, nn


def provide(name: str, **attributes: Any) -> None:
    """Make ``import NAME`` work where the package is not installed.

    Args:
        name: of the module, with dots; its parents are provided too.
        attributes: what is imported from it.
    """
    try:
        importlib.import_module(name)
        return
    except ImportError:
        pass
    parts = name.split('.')
    for count in range(1, len(parts) + 1):
        whole = '.'.join(parts[:count])
        if whole not in sys.modules:
            sys.modules[whole] = ModuleType(whole)
            sys.modules[whole].__path__ = []  # type: ignore[attr-defined]
        if count > 1:
            setattr(sys.modules['.'.join(parts[:count - 1])], parts[count - 1],
                    sys.modules[whole])
    for key, value in attributes.items():
        setattr(sys.modules[name], key, value)


def import_torchvision() -> ModuleType:
    """Return torchvision as old code expects it; what is used of it is Python.

    Where its compiled operators do not fit the installed torch, it cannot be imported:
    then the two that it looks for are declared. Its ResNets are built without trained
    weights, which would be downloaded. The version is one that does not look early
    where only the first three characters are read, as of 0.28.

    Only published code needs it, in the environment that was made for that code.
    """
    try:
        torchvision = importlib.import_module('torchvision')
    except RuntimeError:
        for name in [name for name in sys.modules if name.startswith('torchvision')]:
            del sys.modules[name]
        library = torch.library.Library('torchvision', 'FRAGMENT')
        for name in ('nms', 'qnms'):
            library.define(f'{name}(Tensor dets, Tensor scores, float iou_threshold) '
                           '-> Tensor')
        _KEPT.append(library)
        torchvision = importlib.import_module('torchvision')
    torchvision.__version__ = '0.9'  # type: ignore[attr-defined]
    for depth in (50, 101):
        name = f'resnet{depth}'
        setattr(torchvision.models, name, _untrained(getattr(torchvision.models, name)))
    return torchvision


_KEPT: list[Any] = []  # a library ends when nobody holds it


def _untrained(build: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    """Return a function that builds a torchvision model with random weights."""
    @functools.wraps(build)
    def wrapped(pretrained: bool = False, **kwargs: Any) -> nn.Module:
        return build(weights=None, **kwargs)
    return wrapped


def from_config(kind: type, config: Any) -> None:
    """Let ``kind.from_pretrained`` build a model of ``config`` with random weights."""
    kind.from_pretrained = classmethod(  # type: ignore[attr-defined]
        lambda cls, *args, **kwargs: cls(config))


@torch.no_grad()
def draw_weights(model: nn.Module, seed: int = 0) -> None:
    """Draw all weights anew, so that no part of a model is zero or does nothing.

    Matrices and kernels get a standard deviation of 1 / sqrt(fan-in), scales of
    normalisation stay near one, all else near zero.
    """
    generator = torch.Generator().manual_seed(seed)
    for name, value in _floats(model):
        noise = torch.randn(value.shape, generator=generator)
        leaf = name.rpartition('.')[2]
        if leaf == 'running_var':
            value.copy_(1 + 0.1 * noise.abs())
        elif value.dim() >= 2:
            value.copy_(noise / value[0].numel()**0.5)
        elif leaf in ('weight', 'gamma'):
            value.copy_(1 + 0.05 * noise)
        else:
            value.copy_(0.02 * noise)


def _floats(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield the names and values of what is trained or measured in a model."""
    for name, value in model.state_dict(keep_vars=True).items():
        if value.is_floating_point():
            yield name, value
