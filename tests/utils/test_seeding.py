"""Seeds: the same for the same numbers, and without effect outside of their block."""
import random

import numpy as np
import torch

from segvg.utils.seeding import mixed_seed, seed_all, seeded


def draw() -> tuple:
    return random.random(), np.random.random(), torch.rand(1).item()


def test_block_draws_by_its_numbers_and_changes_nothing_around_it():
    seed_all(1)
    first = draw()
    seed_all(1)
    with seeded(3, 4, 5):
        inside = draw()
    assert draw() == first
    with seeded(3, 4, 5):
        assert draw() == inside
    with seeded(3, 5, 4):
        assert not set(draw()) & set(inside)


def test_numbers_are_those_of_the_seed_itself():
    seed_all(7, 8)
    own = draw()
    seed = mixed_seed(7, 8)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    assert draw() == own


def test_seeds_of_neighbours_differ():
    seeds = {mixed_seed(a, b, c) for a in range(8) for b in range(8) for c in range(8)}
    assert len(seeds) == 512
