"""Features of frozen encoders are computed once and read from files afterwards."""
import logging
from pathlib import Path
from typing import Sequence, Union

import torch
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from segvg.models.cached_encoder import DTYPES, CachedEncoder
from segvg.registry import HOOKS
from segvg.utils.errors import InputError

#: Epoch in which most of a few variants of an image are expected to be known.
WARM = 10


@HOOKS.register_module()
class FeatureCacheHook(Hook):
    """Keep what frozen encoders give in files, for training and for scoring.

    An image is looked up by its pixels as they enter the encoder, a text by its words.
    Images may be flipped and have one of a few sizes: every variant is computed once
    and kept. Random crops, places and colors make new pixels in every epoch, and so
    does padding to the largest image of a batch (``PlaceOnCanvas`` and ``ResizeExact``
    give all one size): there a cache is useless, and a warning says so. The folder of a
    cache is named by the weights, settings and code of the encoder, the device and the
    versions of libraries: after a change another folder is begun. Folders of ended
    projects can be removed at any time. Files are written whole or not at all; several
    processes may share them.

    On a GPU every batch is copied to the CPU to be looked up, and its features back.

    Names of parameters do not change: a checkpoint fits with and without the hook.

    Args:
        modules: names of frozen submodules of the model: backbones such as
            ``image_encoder.backbone``, text encoders such as ``language_encoder``.
        cache_dir: folder of all caches.
        dtype: of the files. Features from ``'float32'`` are those of the encoder, bit
            for bit, when it encodes an image alone; ``'float16'`` takes half the space
            and rounds them to three digits.
        max_gigabytes: of the folder; then nothing is added.
    """

    def __init__(self, modules: Sequence[str], cache_dir: Union[str, Path], *,
                 dtype: str = 'float32', max_gigabytes: float = 50.0) -> None:
        if dtype not in DTYPES:
            raise ValueError(f'dtype is one of {", ".join(DTYPES)}, not {dtype!r}')
        self.modules = (modules, ) if isinstance(modules, str) else tuple(modules)
        self.cache_dir = Path(cache_dir)
        self.dtype = dtype
        self.max_gigabytes = max_gigabytes
        self.encoders: dict[str, CachedEncoder] = {}
        self._counts: dict[str, tuple[int, int]] = {}

    def _install(self, runner: Runner) -> None:
        """Put the cache in front of the modules, if it is not there."""
        model = runner.model
        if is_model_wrapper(model):
            model = model.module
        for name in self.modules:
            try:
                module = model.get_submodule(name)
            except AttributeError as error:
                raise InputError(f'FeatureCacheHook: {error}') from error
            known = self.encoders.get(name)
            if known is not None and known.module is module:
                continue
            encoder = CachedEncoder(module, self.cache_dir, name, dtype=self.dtype,
                                    max_gigabytes=self.max_gigabytes)
            module.forward = encoder
            if getattr(model, 'backend', None) is not None:  # no graph reads files
                module.forward = torch.compiler.disable(encoder)
            self.encoders[name] = encoder

    def before_train(self, runner: Runner) -> None:
        """Install the cache; refuse what is trained before the first step."""
        self._install(runner)

    def before_val(self, runner: Runner) -> None:
        """Install the cache."""
        self._install(runner)

    def before_test(self, runner: Runner) -> None:
        """Install the cache."""
        self._install(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        """Say what was read and computed, and warn if a cache is of no use."""
        for name, encoder in self.encoders.items():
            before = self._counts.get(name, (0, 0))
            read, computed = encoder.read - before[0], encoder.computed - before[1]
            self._counts[name] = (encoder.read, encoder.computed)
            if computed:
                print_log(f'features of {name}: {read:,} read, {computed:,} computed '
                          f'and kept in {self.cache_dir}', logger='current')
            if runner.epoch + 1 >= WARM and computed > read:
                print_log(
                    f'most inputs of {name} are new in epoch {runner.epoch + 1}: '
                    'the pipeline changes the images in every epoch (random crops, '
                    'places or colors), or they are padded to the largest of a batch '
                    '(PlaceOnCanvas and ResizeExact give all one size). A cache is '
                    'useful with flips and a few sizes only; without FeatureCacheHook '
                    'no disk is filled',
                    logger='current', level=logging.WARNING)

    def after_run(self, runner: Runner) -> None:
        """Take the caches away again."""
        for encoder in self.encoders.values():
            vars(encoder.module).pop('forward', None)
        self.encoders, self._counts = {}, {}

