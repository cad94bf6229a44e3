"""Masks predicted for training data, judged by their boxes."""
from typing import Iterable

import torch
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch import Tensor

from segvg.datasets.canonical import CanonicalFile
from segvg.datasets.labelled_subset import Polygons, Ref, refs_of
from segvg.datasets.pseudo_masks import Verdict, judge
from segvg.engine.launch import build_runner
from segvg.utils.checkpoint import load_checkpoint, load_strictly, state_dict_of


def weights_of(path: str, plain: bool) -> dict[str, Tensor]:
    """Return the weights of a checkpoint.

    Args:
        path: the file.
        plain: take those that were trained instead of their average, as published.

    Raises:
        ValueError: the checkpoint has no average, so nothing to choose.
    """
    checkpoint = load_checkpoint(path)
    if not plain:
        return state_dict_of(checkpoint)
    if 'ema_state_dict' not in checkpoint:
        raise ValueError(f'{path} has no averaged weights: its weights are the plain '
                         'ones')
    # mmengine saves the average as state_dict and the plain weights in its place.
    return {key.removeprefix('module.'): value
            for key, value in checkpoint['ema_state_dict'].items()
            if key.startswith('module.')}


def runner_for(cfg: Config, ann_file: str, checkpoint: str, plain: bool) -> Runner:
    """Return a runner whose test data are the training data, with weights loaded."""
    cfg = cfg.copy()
    cfg.test_dataloader.dataset.ann_file = ann_file
    cfg.test_dataloader.dataset.data_root = cfg.train_dataloader.dataset.get(
        'data_root', '')
    cfg.load_from, cfg.resume = None, False
    runner = build_runner(cfg)
    load_strictly(runner.model, weights_of(checkpoint, plain), checkpoint)
    return runner


@torch.no_grad()
def judge_predictions(runner: Runner, threshold: float) -> dict[int, Verdict]:
    """Return the verdict on the predicted mask of every expression, by its number.

    An expression with several targets has no box to judge by and is left out.
    """
    runner.model.eval()
    verdicts = {}
    loader = runner.test_dataloader
    if not hasattr(loader, 'dataset'):
        loader = runner.build_dataloader(loader)
    for number, batch in enumerate(loader):
        for sample in runner.model.test_step(batch):
            boxes = sample.image_instances.bboxes
            if len(boxes) == 1:
                mask = sample.pred_instances.masks[0].cpu().numpy()
                verdicts[sample.expr_idx] = judge(mask, boxes[0].tolist(), threshold)
        if number % 50 == 0:
            print_log(f'{len(verdicts)} predictions judged', logger='current')
    return verdicts


def choose(lines: CanonicalFile, verdicts: dict[int, Verdict],
           labelled: Iterable[Ref]) -> dict[Ref, Polygons]:
    """Return the polygons of the refs that have a kept prediction and no label.

    Of several expressions the one counts whose mask fills the box best.
    """
    labelled, chosen = set(labelled), {}
    for ref in refs_of(lines):
        kept = [verdicts[number] for number in ref
                if number in verdicts and verdicts[number].kept]
        if kept and ref not in labelled:
            chosen[ref] = min(kept, key=lambda verdict: verdict.term).polygons
    return chosen


def find_refs(lines: CanonicalFile, subset: CanonicalFile) -> list[Ref]:
    """Return the refs of a file that a subset of it holds.

    Expressions are known by image and id.

    Raises:
        ValueError: the subset holds an expression that the file lacks.
    """
    wanted = {(line['image']['id'], expr['id'])
              for line in subset for expr in line['exprs']}
    numbers = {}
    for number, line in enumerate(lines):
        start = int(lines.expr_starts[number])
        for place, expr in enumerate(line['exprs']):
            numbers[line['image']['id'], expr['id']] = start + place
    missing = [key for key in wanted if key not in numbers]
    if missing:
        raise ValueError(f'{len(missing)} expressions of {subset.path} are not in '
                         f'{lines.path}, e.g. expression {missing[0][1]!r} of image '
                         f'{missing[0][0]!r}')
    held = {numbers[key] for key in wanted}
    return [ref for ref in refs_of(lines) if held.issuperset(ref)]
