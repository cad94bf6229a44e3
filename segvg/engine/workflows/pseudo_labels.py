"""Masks predicted for training data, judged by their boxes."""
from typing import Iterable, NamedTuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dist import all_gather_object
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch import Tensor

from segvg.annotations.canonical import CanonicalFile
from segvg.annotations.subset import Ref, refs_of
from segvg.checkpoints.io import load_checkpoint, load_strictly, state_dict_of
from segvg.checkpoints.published import takes_published
from segvg.engine.launch import build_runner, load_weights
from segvg.engine.workflows.pseudo_masks import fill_outline, judge
from segvg.structures import GroundingDataSample
from segvg.structures.geometry import Geometry
from segvg.structures.masks import encode_rle
from segvg.utils.errors import InputError

NO_AVERAGE = '{} has no averaged weights: its weights are the plain ones'


class PseudoLabel(NamedTuple):
    """A predicted mask that was kept.

    Attributes:
        mask: its record in the canonical form.
        term: distance between its projections on the axes and those of the box.
    """
    mask: dict
    term: float


def predicted_mask(sample: GroundingDataSample) -> np.ndarray:
    """Return the mask (H0, W0) bool to learn from, that with the highest score.

    Of a contour it is what the contour encloses. Without any it is empty.

    Raises:
        InputError: the model predicts no masks.
    """
    prediction = sample.pred_instances
    if 'canvas_polygons' not in prediction:
        if 'masks' not in prediction:
            raise InputError('the model predicts boxes only: pseudo labels need one '
                             'that predicts masks')
        if not len(prediction.masks):
            return np.zeros(sample.ori_shape, dtype=bool)
        best = int(prediction.scores.argmax())
        return prediction.masks[best].cpu().numpy().astype(bool)
    polygon = torch.from_numpy(prediction.canvas_polygons[0])
    on_image = Geometry.from_meta(sample.metainfo).points_to_image(polygon)
    return fill_outline(on_image.numpy(), sample.ori_shape)


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
        raise ValueError(NO_AVERAGE.format(path))
    # mmengine saves the average as state_dict, and the plain weights as the average.
    return {key.removeprefix('module.'): value
            for key, value in checkpoint['ema_state_dict'].items()
            if key.startswith('module.')}


def runner_for(cfg: Config, ann_file: str, checkpoint: str, plain: bool) -> Runner:
    """Return a runner whose test data are the training data, with weights loaded.

    Args:
        cfg: of the model; one that is not trained here has no training data, and the
            images are looked for as in its test.
        ann_file: of the training data.
        checkpoint: its file; for a foundation model a folder or a name on the hub.
        plain: see ``weights_of``.

    Raises:
        ValueError: the checkpoint has no average, so nothing to choose.
    """
    is_published = takes_published(cfg.model)
    if plain and is_published:
        raise ValueError(NO_AVERAGE.format(checkpoint))
    cfg = cfg.copy()
    cfg.test_dataloader.dataset.ann_file = ann_file
    if cfg.get('train_dataloader'):
        cfg.test_dataloader.dataset.data_root = cfg.train_dataloader.dataset.get(
            'data_root', '')
    cfg.load_from, cfg.resume = None, False
    runner = build_runner(cfg)
    if is_published:
        load_weights(runner, checkpoint)
    else:
        model = getattr(runner.model, 'module', runner.model)  # of several processes
        load_strictly(model, weights_of(checkpoint, plain), checkpoint)
    return runner


@torch.no_grad()
def judge_predictions(runner: Runner, threshold: float) -> dict[int, PseudoLabel]:
    """Return the predicted masks that fill their box, by the number of the expression.

    An expression with several targets has no box to judge by and is left out. Every
    process returns those of all processes.
    """
    runner.model.eval()
    labels, count = {}, 0
    loader = runner.test_dataloader
    if not hasattr(loader, 'dataset'):
        loader = runner.build_dataloader(loader)
    for number, batch in enumerate(loader):
        for sample in runner.model.test_step(batch):
            boxes = sample.image_instances.bboxes
            if len(boxes) == 1:
                count += 1
                mask = predicted_mask(sample)
                verdict = judge(mask, boxes[0].tolist(), threshold)
                if verdict.kept:
                    labels[sample.expr_idx] = PseudoLabel(
                        dict(rle=encode_rle(mask)), verdict.term)
        if number % 50 == 0:
            print_log(f'{len(labels)} of {count} predictions kept', logger='current')
    return {number: label for own in all_gather_object(labels)
            for number, label in own.items()}


def choose(lines: CanonicalFile, labels: dict[int, PseudoLabel],
           labelled: Iterable[Ref]) -> dict[Ref, dict]:
    """Return the mask records of the refs that have a pseudo label and no true one.

    Of several expressions the one counts whose mask fills the box best.
    """
    labelled, chosen = set(labelled), {}
    for ref in refs_of(lines):
        kept = [labels[number] for number in ref if number in labels]
        if kept and ref not in labelled:
            chosen[ref] = min(kept, key=lambda label: label.term).mask
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
        for index, expr in enumerate(line['exprs']):
            numbers[line['image']['id'], expr['id']] = start + index
    missing = [key for key in wanted if key not in numbers]
    if missing:
        raise ValueError(f'{len(missing)} expressions of {subset.path} are not in '
                         f'{lines.path}, e.g. expression {missing[0][1]!r} of image '
                         f'{missing[0][0]!r}')
    held = {numbers[key] for key in wanted}
    return [ref for ref in refs_of(lines) if held.issuperset(ref)]
