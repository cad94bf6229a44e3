"""What makes a training that was stopped and resumed equal to one that was not."""
from typing import Any, Callable, Iterator

from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch.utils.data import DataLoader, Sampler

from segvg.registry import HOOKS
from segvg.utils.seeding import seed_all


@HOOKS.register_module()
class StepSeedHook(Hook):
    """Make random numbers depend on the seed of the run and the step alone.

    The random choices of the pipeline are seeded for every sample, from (seed, epoch,
    index), by data sets that have ``seed_samples``; the epoch is that of the sampler.
    The model's own random numbers (dropout) are seeded before every step, from (seed,
    iteration, process). So neither a stop nor the number of worker processes changes
    the weights.
    """
    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Let data sets know the seed, and the epochs of their sampler."""
        loader = runner.train_loop.dataloader
        seed = runner.seed or 0
        datasets = list(seedable_datasets(loader.dataset))

        def seed_samples(epoch: int) -> None:
            for dataset in datasets:
                dataset.seed_samples(seed, epoch)

        seed_samples(runner.epoch)
        follow_epochs(sampler_of(loader), seed_samples)

    def before_train_iter(self, runner: Runner, batch_idx: int,
                          data_batch: Any = None) -> None:
        """Seed ``random``, numpy and torch."""
        seed_all(runner.seed or 0, runner.iter, get_rank())


def seedable_datasets(dataset: Any) -> Iterator[Any]:
    """Yield the data sets at or below one that seed their samples."""
    if hasattr(dataset, 'seed_samples'):
        yield dataset
        return
    below = getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]
    for part in below:
        if part is not None:
            yield from seedable_datasets(part)


def sampler_of(loader: DataLoader) -> Sampler:
    """Return the sampler whose epochs mmengine sets."""
    if hasattr(loader.sampler, 'set_epoch'):
        return loader.sampler
    return getattr(loader.batch_sampler, 'sampler', loader.sampler)


def follow_epochs(sampler: Sampler, listener: Callable[[int], None]) -> None:
    """Call a function with every epoch that a sampler is set to.

    Both loops of mmengine set it: before an epoch, or when all data were seen.
    """
    set_epoch = getattr(sampler, 'set_epoch', None)
    if set_epoch is None:
        return

    def set_both(epoch: int) -> None:
        set_epoch(epoch)
        listener(epoch)
    sampler.set_epoch = set_both


@HOOKS.register_module()
class ValidateAgainHook(Hook):
    """Score the weights that a training is resumed from.

    An epoch is saved before it is validated. Stopped in between, it would never be
    scored, and the best checkpoint could be another one than without the stop. What is
    scored a second time is the best only once.
    """
    # after the checkpoint hook has found out where the best one lies
    priority = 'LOWEST'

    def before_train(self, runner: Runner) -> None:
        """Validate if the last step that was saved asks for it."""
        loop = runner.train_loop
        by_epoch = isinstance(loop, EpochBasedTrainLoop)
        step, last = ((loop.epoch, loop.max_epochs) if by_epoch else
                      (loop.iter, loop.max_iters))
        if step and runner.val_loop is not None and step >= loop.val_begin and (
                step % loop.val_interval == 0 or step == last):
            runner.val_loop.run()
