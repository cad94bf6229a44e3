"""Test-time augmentation: averages over each image and its mirror image."""
import logging
from typing import Sequence

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner import Runner

from segvg.engine.hooks.average_hook import AverageHook
from segvg.registry import MODELS, TRANSFORMS
from segvg.utils.configs import find_dicts, find_pipeline, metric_configs

#: Metrics of predictions that are not averaged.
NOT_SCORED = ('SeqTRMaskIoU', )
TTA_MODEL = dict(type='GroundingTTAModel')


def flipping_pipeline(pipeline: Sequence[dict]) -> list[dict]:
    """Return a test pipeline that ends with the image and its mirror image.

    The flip is the last step before the canvas and the tokens; whole words for left and
    right are swapped.
    """
    steps = [dict(step) for step in pipeline]
    start = next((number for number, step in enumerate(steps) if getattr(
        TRANSFORMS.get(step['type']), 'after_flip', False)), len(steps))
    flips = [dict(type='RandomFlip', prob=prob, swap='word') for prob in (0.0, 1.0)]
    rest = [[step] for step in steps[start:]]
    return steps[:start] + [dict(type='TestTimeAug', transforms=[flips, *rest])]


def use_flips(cfg: Config) -> None:
    """Make the test loader of a config give every image twice.

    The pipeline is ``tta_pipeline`` of the config, or the test pipeline with a flip.

    Raises:
        ValueError: the config has no test pipeline, or no metric that can score
            averaged predictions.
    """
    pipeline = cfg.get('tta_pipeline') or flipping_pipeline(find_pipeline(cfg))
    for dataset in find_dicts(cfg.test_dataloader, 'pipeline'):
        dataset['pipeline'] = pipeline
    parts = metric_configs(cfg.test_evaluator)
    kept = [part for part in parts if part['type'] not in NOT_SCORED]
    if len(kept) < len(parts):
        if not kept:
            raise ValueError(f'{", ".join(NOT_SCORED)} cannot score averaged '
                             'predictions, and the config has no other metric')
        print_log(f'{", ".join(NOT_SCORED)} cannot score averaged predictions and is '
                  'left out', logger='current', level=logging.WARNING)
        cfg.test_evaluator = kept


def average_flips(runner: Runner) -> None:
    """Make a runner average its predictions over the images of ``use_flips``.

    Call it after the weights are loaded. ``tta_model`` of the config averages, by
    default a ``GroundingTTAModel``.
    """
    settings = dict(runner.cfg.get('tta_model') or TTA_MODEL)
    runner.model = MODELS.build(dict(settings, module=runner.model))
    for hook in runner.hooks:
        if isinstance(hook, AverageHook):
            hook.score_plain = False  # it would run without the average over flips
