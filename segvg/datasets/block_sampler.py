"""RefTR's order of training: by the epoch alone, a block for each process."""
from collections.abc import Iterator
from typing import Optional

import torch
from mmengine.dist import get_dist_info
from torch.utils.data import Dataset, Sampler

from segvg.registry import DATA_SAMPLERS


def block_order(size: int, rank: int, world_size: int, seed: int) -> list[int]:
    """Return the samples of a process: a block of a permutation that wraps around."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(size, generator=generator).tolist()
    share = -(-size // world_size)
    order += order[:share * world_size - size]
    return order[rank * share:(rank + 1) * share]


@DATA_SAMPLERS.register_module()
class BlockSampler(Sampler):
    """A random order that each process takes a block of, not every n-th sample.

    Args:
        dataset: what is drawn from.
        seed: added to the epoch; 0 as published, where the order does not depend on
            the seed of the training. None (mmengine's default) means 0.

    Source: Li and Sigal, "Referring Transformer", NeurIPS 2021, published training.
    """

    def __init__(self, dataset: Dataset, seed: Optional[int] = 0) -> None:
        self.dataset = dataset
        self.rank, self.world_size = get_dist_info()
        self.seed = seed or 0
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self.dataset) // self.world_size)

    def __iter__(self) -> Iterator[int]:
        yield from block_order(len(self.dataset), self.rank, self.world_size,
                               self.seed + self.epoch)

    def set_epoch(self, epoch: int) -> None:
        """Draw anew; mmengine calls it before every epoch."""
        self.epoch = epoch
