"""Samplers: the order of training, and batches of images that fit together."""
from collections.abc import Iterator, Sequence
from typing import Optional

import torch
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import BatchSampler, Dataset, Sampler

from segvg.registry import DATA_SAMPLERS


def image_sizes(dataset: Dataset) -> torch.Tensor:
    """Width and height (samples, 2) of the images of a set or concatenation."""
    parts = getattr(dataset, 'datasets', [dataset])
    return torch.cat([torch.from_numpy(part.image_sizes()) for part in parts])


def expression_counts(dataset: Dataset) -> torch.Tensor:
    """Number of expressions (samples,) of each sample of a set or concatenation."""
    parts = getattr(dataset, 'datasets', [dataset])
    return torch.cat([torch.from_numpy(part.expression_counts()) for part in parts])


@DATA_SAMPLERS.register_module()
class MixedSampler(Sampler):
    """Samples of concatenated data sets, each set as often as its weight says.

    In an epoch a set of n samples gives round(weight * n): with weight 2 each sample
    twice, with 0.5 another random half in every epoch. The order over all is random and
    depends on the seed and the epoch only. All processes get the same number; where the
    samples cannot be shared evenly, some come twice.

    Args:
        dataset: a concatenation (``ConcatDataset``).
        weights: one for each of its sets.
        seed: of the order; None agrees on one between the processes.

    Raises:
        ValueError: weights and data sets do not fit.
    """

    def __init__(self, dataset: Dataset, weights: Sequence[float],
                 seed: Optional[int] = None) -> None:
        parts = getattr(dataset, 'datasets', None)
        if parts is None or len(parts) != len(weights):
            raise ValueError(
                f'MixedSampler has {len(weights)} weights for '
                f'{"one data set" if parts is None else f"{len(parts)} data sets"}')
        if min(weights) < 0 or not sum(weights) > 0:
            raise ValueError(f'weights are at least 0 and not all 0, not {weights}')
        self.dataset = dataset
        self.sizes = [len(part) for part in parts]
        self.counts = [round(weight * size)
                       for weight, size in zip(weights, self.sizes, strict=True)]
        self.rank, self.world_size = get_dist_info()
        self.seed = sync_random_seed() if seed is None else seed
        self.epoch = 0

    def __len__(self) -> int:
        return -(-sum(self.counts) // self.world_size)

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        drawn, first = [], 0
        for size, count in zip(self.sizes, self.counts, strict=True):
            rounds = [torch.randperm(size, generator=generator)
                      for _ in range(-(-count // size))] if count else []
            if rounds:
                drawn.append(torch.cat(rounds)[:count] + first)
            first += size
        indices = torch.cat(drawn)
        indices = indices[torch.randperm(len(indices), generator=generator)]
        total = len(self) * self.world_size
        indices = indices.repeat(-(-total // len(indices)))[:total]
        yield from indices[self.rank:total:self.world_size].tolist()

    def set_epoch(self, epoch: int) -> None:
        """Use another order; mmengine calls it before every epoch."""
        self.epoch = epoch


def block_order(size: int, rank: int, world_size: int, seed: int) -> list[int]:
    """Return the samples of a process: a block of a permutation that wraps around."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(size, generator=generator).tolist()
    share = -(-size // world_size)
    order += order[:share * world_size - size]
    return order[rank * share:(rank + 1) * share]


@DATA_SAMPLERS.register_module()
class BlockSampler(Sampler):
    """A random order of which each process takes one block, not every n-th sample.

    Args:
        dataset: the samples.
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
        """Use another order; mmengine calls it before every epoch."""
        self.epoch = epoch


@DATA_SAMPLERS.register_module()
class AspectRatioBatchSampler(BatchSampler):
    """Batches of wide images or of tall ones, so that less of a canvas is padding.

    Args:
        sampler: gives the order.
        batch_size: images in a batch.
        drop_last: leave out incomplete batches at the end.
    """

    def __init__(self, sampler: Sampler, batch_size: int,
                 drop_last: bool = False) -> None:
        super().__init__(sampler, batch_size, drop_last)
        width, height = image_sizes(_dataset_of(sampler)).unbind(1)
        self._wide = (width > height).tolist()

    def __iter__(self) -> Iterator[list[int]]:
        waiting: dict[bool, list[int]] = {True: [], False: []}
        for index in self.sampler:
            group = waiting[self._wide[index]]
            group.append(index)
            if len(group) == self.batch_size:
                yield group.copy()
                group.clear()
        left = waiting[True] + waiting[False]
        for start in range(0, len(left), self.batch_size):
            batch = left[start:start + self.batch_size]
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch


@DATA_SAMPLERS.register_module()
class ExpressionBatchSampler(BatchSampler):
    """Batches with a limit on the images and one on their expressions.

    For ``sample_by='image'``, where one image has one expression and another thirty. An
    image with more expressions than the limit is a batch of its own.

    Args:
        sampler: gives the order.
        batch_size: largest number of images in a batch.
        max_expressions: largest number of expressions in a batch.
        drop_last: leave out the last batch.
    """

    def __init__(self, sampler: Sampler, batch_size: int, max_expressions: int,
                 drop_last: bool = False) -> None:
        super().__init__(sampler, batch_size, drop_last)
        if max_expressions < 1:
            raise ValueError(f'max_expressions is at least 1, not {max_expressions}')
        self.max_expressions = max_expressions
        self._counts = expression_counts(_dataset_of(sampler)).tolist()
        self._length: Optional[int] = None

    def __len__(self) -> int:
        """Number of batches in the order that the sampler gave at the first call."""
        if self._length is None:
            self._length = sum(1 for _ in self)
        return self._length

    def __iter__(self) -> Iterator[list[int]]:
        batch, expressions = [], 0
        for index in self.sampler:
            count = self._counts[index]
            full = len(batch) == self.batch_size
            if batch and (full or expressions + count > self.max_expressions):
                yield batch
                batch, expressions = [], 0
            batch.append(index)
            expressions += count
        if batch and not self.drop_last:
            yield batch


def _dataset_of(sampler: Sampler) -> Dataset:
    """The data set a sampler draws from; mmengine's samplers keep it."""
    for name in ('dataset', 'data_source'):
        if getattr(sampler, name, None) is not None:
            return getattr(sampler, name)
    raise ValueError(f'{type(sampler).__name__} does not name its data set (attribute '
                     'dataset)')
