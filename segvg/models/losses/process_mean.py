"""What sums of losses are divided by, so that several processes train as one."""
from typing import TypeVar

import torch
from mmengine.dist import all_reduce, get_world_size
from torch import Tensor, nn

Amount = TypeVar('Amount', float, Tensor)


def process_mean(amount: Amount, device: torch.device) -> Amount | Tensor:
    """Return the mean of an amount over all processes; in one process the amount.

    Gradients are averaged over processes. Where each divides the sum of its losses by
    this mean, and not by its own amount, the average is the gradient of the whole
    batch, however unevenly the samples are shared out. All processes have to call this
    equally often and in the same order.

    Args:
        amount: a number of samples or targets, or a sum of weights ().
        device: of the losses.
    """
    if get_world_size() == 1:
        return amount
    total = torch.as_tensor(amount, device=device).to(torch.float64, copy=True)
    all_reduce(total, op='mean')
    return total


def zero_loss(*modules: nn.Module) -> Tensor:
    """Return 0 (), with a gradient of 0 for every parameter of some modules.

    It is the loss of a process without a target: gradients are averaged over processes
    only where each has one.
    """
    sums = [weight.sum() for module in modules for weight in module.parameters()]
    return 0 * torch.stack(sums).sum()
