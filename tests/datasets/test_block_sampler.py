"""Blocks of an order that depends on the epoch alone."""
from segvg.datasets import BlockSampler
from segvg.datasets.block_sampler import block_order


def test_processes_share_all_samples_and_wrap_around():
    blocks = [block_order(10, rank, 4, seed=3) for rank in range(4)]
    assert [len(block) for block in blocks] == [3] * 4
    order = sum(blocks, [])
    assert sorted(order[:10]) == list(range(10)) and order[10:] == order[:2]


def test_order_changes_with_the_epoch_and_comes_back():
    sampler = BlockSampler(range(20), seed=None)
    first = list(sampler)
    sampler.set_epoch(1)
    assert list(sampler) != first and len(sampler) == 20
    sampler.set_epoch(0)
    assert list(sampler) == first
