"""Position tables of another image size, resized."""
import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from torch import Tensor, nn

from segvg.checkpoints.initializers import keep_weights
from segvg.checkpoints.io import load_checkpoint, load_strictly, state_dict_of
from segvg.registry import WEIGHT_INITIALIZERS


def resize_positions(table: Tensor, rows: int, extra: int) -> Tensor:
    """Return a position table (rows, C) for another number of patches.

    Args:
        table: (extra + side ** 2, C).
        rows: of the new table.
        extra: rows at the beginning that belong to no patch; they stay as they are.

    Raises:
        ValueError: one of the tables is not that of a square.
    """
    if rows == len(table):
        return table
    old, new = (round(max(count - extra, 0)**0.5) for count in (len(table), rows))
    if (old**2, new**2) != (len(table) - extra, rows - extra):
        raise ValueError(f'a position table of {len(table)} rows cannot become one of '
                         f'{rows}: both are {extra} rows and a square')
    patches = table[extra:].T.reshape(1, -1, old, old)
    patches = F.interpolate(patches.float(), size=(new, new), mode='bicubic',
                            align_corners=False)
    return torch.cat([table[:extra], patches[0].flatten(1).T.to(table)])


@WEIGHT_INITIALIZERS.register_module()
class BEiT3Pretrained:
    """Load a BEiT-3 into ``BEiT3``; every key must find its place.

    Its image positions are resized to the grid of the module.

    Args:
        checkpoint: file as ``convert_checkpoint.py beit3`` writes it.
        extra_rows: rows of the position table that belong to no patch: those that
            nothing uses, and that of the class token.
    """
    KEY = 'image_position.weight'

    def __init__(self, checkpoint: str, extra_rows: int = 3) -> None:
        self.checkpoint = checkpoint
        self.extra_rows = extra_rows

    def __call__(self, module: nn.Module) -> None:
        """Load the weights into ``module``."""
        state = state_dict_of(load_checkpoint(self.checkpoint))
        if self.KEY in state:
            rows = len(module.get_parameter(self.KEY))
            state[self.KEY] = resize_positions(state[self.KEY], rows, self.extra_rows)
        load_strictly(module, state, self.checkpoint)
        keep_weights(module)
        print_log(f'{len(state)} tensors of {self.checkpoint} loaded', logger='current')
