"""What Python does otherwise while a graph is made of what is computed."""
from functools import wraps
from typing import Callable, ParamSpec, TypeVar

import torch
from torch import Tensor

Inputs = ParamSpec('Inputs')
Output = TypeVar('Output')


def is_traced() -> bool:
    """Return whether ``torch.compile`` or an exporter records what is computed."""
    return torch.compiler.is_compiling() or torch.jit.is_tracing()


def reads_values(tensor: Tensor) -> bool:
    """Return whether values can be checked for free: on the CPU, outside of a graph.

    On a GPU a check waits for all work that is queued; in a graph it is not possible.
    """
    return tensor.device.type == 'cpu' and not is_traced()


def without_gradients(function: Callable[Inputs, Output]) -> Callable[Inputs, Output]:
    """Decorate a function as ``torch.no_grad()`` does, which is entered when needed.

    An exporter records each switch, also one that switches nothing, and takes its graph
    apart there and puts it together again.
    """
    @wraps(function)
    def wrapped(*args: Inputs.args, **kwargs: Inputs.kwargs) -> Output:
        if not torch.is_grad_enabled():
            return function(*args, **kwargs)
        with torch.no_grad():
            return function(*args, **kwargs)

    return wrapped
