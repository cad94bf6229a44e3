"""Where Python may look at the values of tensors, and where a graph is being made."""
import torch
from torch import Tensor


def is_traced() -> bool:
    """Return whether ``torch.compile`` or an exporter records what is computed."""
    return torch.compiler.is_compiling() or torch.jit.is_tracing()


def reads_values(tensor: Tensor) -> bool:
    """Return whether values can be checked for free: on the CPU, outside of a graph.

    On a GPU a check waits for all work that is queued; in a graph it is not possible.
    """
    return tensor.device.type == 'cpu' and not is_traced()
