"""Random numbers of an epoch that do not depend on what ran before it."""
import random

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from segvg.registry import HOOKS


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Seed every generator before each epoch, from the seed of the run and the epoch.

    A training that was stopped and resumed then makes the same steps as one that was
    not. That holds for what runs in the main process (``num_workers=0``): mmengine
    seeds worker processes itself, and persistent ones once only.
    """
    priority = 'VERY_HIGH'

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed ``random``, numpy and torch."""
        place = runner.epoch * 1009 + get_rank()
        seed = ((runner.seed or 0) * 1_000_003 + place) % 2**32
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
