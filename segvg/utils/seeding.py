"""Random numbers that depend on their use, not on those that came before."""
import contextlib
import random
from typing import Iterator

import numpy as np
import torch


def mixed_seed(*numbers: int) -> int:
    """Return a seed of 32 bits for some numbers, e.g. seed, epoch and index.

    Other numbers, or another order of them, give another seed, as far as 32 bits go.
    """
    state = np.random.SeedSequence([number % 2**64 for number in numbers])
    return int(state.generate_state(1)[0])


def seed_all(*numbers: int) -> None:
    """Seed ``random``, numpy and torch, on the GPU too, from some numbers."""
    seed = mixed_seed(*numbers)
    random.seed(seed)
    np.random.seed(seed)
    if torch.accelerator.is_available():
        torch.manual_seed(seed)
    else:  # the same; that one notes the stack for every kind of device: 1 ms a step
        torch.default_generator.manual_seed(seed)


@contextlib.contextmanager
def seeded(*numbers: int) -> Iterator[None]:
    """Seed ``random``, numpy and torch on the CPU within a block, and undo it after."""
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()
    seed = mixed_seed(*numbers)
    random.seed(seed)
    np.random.seed(seed)
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        torch.set_rng_state(before[2])
