"""Copies and waits of a training step and a test step of a toy config."""
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, NamedTuple

import torch
from mmengine.optim import build_optim_wrapper

from segvg.models.layers.position_encoding import grid_position
from segvg.registry import MODELS
from tests.device_stand_in import DeviceStandIn, move
from tests.every_method import batch_of, method_config

SAMPLES = 4  # of a batch


class StepCounts(NamedTuple):
    """What happened in two steps.

    Attributes:
        training, test: how often, by what happened and where, as in
            ``DeviceStandIn.events``.
        losses: of the training step.
        samples: of the test step, with predictions.
    """
    training: Counter
    test: Counter
    losses: dict[str, Any]
    samples: list


@contextmanager
def autocast_of_the_cpu() -> Iterator[None]:
    """Use the CPU's autocast for the stand-in; keep none of its tensors in a cache."""
    original = torch.autocast

    class Autocast(original):  # type: ignore[misc, valid-type]
        def __init__(self, device_type, *args, **kwargs) -> None:
            super().__init__('cpu' if device_type == 'meta' else device_type, *args,
                             **kwargs)

    torch.autocast = Autocast
    try:
        yield
    finally:
        torch.autocast = original
        grid_position.cache_clear()


def count_steps(name: str, folders: tuple[Path, Path], work_dir: Path) -> StepCounts:
    """Run a method of ``tests.every_method`` on the stand-in for a GPU.

    Args:
        name: of the config.
        folders: of ``make_folders``.
        work_dir: of the config.
    """
    cfg = method_config(name, folders, work_dir)
    if cfg.optim_wrapper.optimizer.pop('fused', None):
        # PyTorch lists the devices for it; this is the nearest, all weights together.
        cfg.optim_wrapper.optimizer.foreach = True
    model = MODELS.build(cfg.model)
    with autocast_of_the_cpu(), DeviceStandIn() as device:
        move(model)
        wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
        batch = batch_of(cfg.train_dataloader, *range(SAMPLES))
        losses = model.train().train_step(batch, wrapper)
        training = Counter(device.events)
        model.eval()
        batch = batch_of(cfg.test_dataloader, *range(SAMPLES))
        with torch.no_grad():
            if name.startswith('rela'):
                model.test_step(batch)  # looks up whether its gates are open
            device.events.clear()
            samples = model.test_step(batch)
        return StepCounts(training, Counter(device.events), losses, samples)
