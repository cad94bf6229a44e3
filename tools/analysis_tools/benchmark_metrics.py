"""Time metrics on generated predictions, alone or beside the published evaluators.

python tools/analysis_tools/benchmark_metrics.py --num 10000 --size 480
python tools/analysis_tools/benchmark_metrics.py --num 2000 --published

Targets are polygons, masks are ellipses near them, and there are boxes as a set
predictor gives them. Metrics of generalized grounding get none, one, two or three
targets per expression and a hundred boxes; the others get one target and sixteen boxes,
or one for ``BoxAccuracy``, and the network sees the image at 4/3 of its size. No file
is read and no model is run: ``process`` and ``evaluate`` of each metric are timed.

``--published`` does the same with what the published evaluators do, by turns, batch by
batch, and prints the CPU time of both; published_evaluators.py says what is counted.
"""
import argparse
import json
import time
from pathlib import Path
from typing import Any, Callable, Iterator

from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.utils.exits import one_line_errors
from segvg.utils.files import write_whole

GENERALIZED = ('GeneralizedMaskIoU', 'NetworkGeneralizedMaskIoU', 'RobustMaskIoU',
               'MaskPartBoxF1', 'GeneralizedBoxF1')
KINDS = (*GENERALIZED, 'BoxAccuracy', 'BoxRecall', 'MaskIoU', 'NetworkMaskIoU',
         'SeqTRMaskIoU')
WITH_PUBLISHED = ('BoxAccuracy', 'BoxRecall', 'NetworkMaskIoU', 'SeqTRMaskIoU',
                  'NetworkGeneralizedMaskIoU', 'GeneralizedBoxF1')


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--num', type=int, default=10_000, metavar='N',
                        help='expressions (default: %(default)s)')
    parser.add_argument('--size', type=int, default=480, metavar='N',
                        help='side of the masks (default: %(default)s)')
    parser.add_argument('--batch-size', type=int, default=16, metavar='N',
                        help='expressions a batch (default: %(default)s)')
    parser.add_argument('--metrics', nargs='+', choices=KINDS,
                        help=f'what to time (default: {KINDS[0]}; with --published '
                        'all that have a published evaluator)')
    parser.add_argument('--published', action='store_true',
                        help='also time what the published evaluators do')
    parser.add_argument('--seed', type=int, default=0, metavar='N',
                        help='seed of all that is drawn (default: %(default)s)')
    parser.add_argument('--json', type=Path, metavar='F.json',
                        help='write the figures to this file')
    add_overwrite(parser)
    args = parser.parse_args()
    for kind in args.metrics or () if args.published else ():
        if kind not in WITH_PUBLISHED:
            parser.error(f'--published has no evaluator for {kind}, only for '
                         f'{", ".join(WITH_PUBLISHED)}')
    return args


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

import numpy as np
import torch

from segvg.registry import METRICS
from segvg.structures.masks import decode_polygons
from segvg.utils.profiling import CPU, peak_memory

NUM_POINTS = 40

NUM_BOXES = 100

NUM_QUERIES = 16


class Predictions:
    """Draws expressions with targets and predictions.

    Args:
        size: side of the image and the masks.
        seed: of everything that is drawn.
    """

    def __init__(self, size: int, seed: int = 0) -> None:
        self.size = size
        self.random = np.random.default_rng(seed)

    def ellipse(self) -> np.ndarray:
        """Return centre and radii (4,) of an ellipse."""
        centre = self.random.uniform(0.2, 0.8, 2)
        return np.concatenate([centre, self.random.uniform(0.05, 0.2, 2)]) * self.size

    def move(self, ellipse: np.ndarray) -> np.ndarray:
        """Return an ellipse that is slightly moved and scaled."""
        return ellipse + self.random.normal(0, 0.15, 4) * ellipse[2:].mean()

    @staticmethod
    def outline(ellipse: np.ndarray) -> list[float]:
        """Return a polygon as a flat list of x and y."""
        angles = np.linspace(0, 2 * np.pi, NUM_POINTS, endpoint=False)
        points = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        return (ellipse[:2] + points * np.abs(ellipse[2:])).ravel().tolist()

    def sample(self, number: int) -> dict[str, Any]:
        """Return an expression with every field that a metric may use."""
        targets = [self.ellipse() for _ in range(self.random.integers(4))]
        found = [self.move(target) for target in targets] or [self.ellipse()]
        shape = (self.size, self.size)
        mask = decode_polygons([self.outline(part) for part in found], *shape)
        masks = torch.from_numpy(np.ascontiguousarray(mask))[None]
        right = self.random.random() < 0.85
        none = self.random.beta(1, 4)
        none = 1 - none if right != bool(targets) else none
        boxes = np.array([*found, *(self.ellipse() for _ in range(NUM_BOXES))])
        boxes = boxes[:NUM_BOXES]
        scores = self.random.random(NUM_BOXES) * 0.1
        scores[:len(found)] = self.random.uniform(0.5, 1, len(found))
        prediction = dict(
            masks=masks, canvas_masks=masks, scores=torch.from_numpy(scores[:1]))
        return dict(
            dataset='generated', split='val', expr_idx=number, ref_id=number // 4,
            text='an ellipse', img_path='generated', no_target=not targets,
            ori_shape=shape, img_shape=shape, no_target_score=torch.tensor(none),
            image_instances=dict(
                bboxes=corners(np.array(targets).reshape(-1, 4)),
                segmentations=[dict(poly=[self.outline(part)]) for part in targets]),
            pred_instances=prediction,
            pred_boxes=dict(bboxes=corners(boxes), scores=torch.from_numpy(scores)))


    def single(self, number: int) -> dict[str, Any]:
        """Return an expression with one target, as the other metrics want it."""
        target = self.ellipse()
        found, shape = self.move(target), (self.size, self.size)
        side = 4 * self.size // 3
        canvas, scale = (side, side), side / self.size
        parts = [self.outline(target)]
        if self.random.random() < 0.1:  # an object in two parts
            parts.append(self.outline(self.move(target)))
        masks, canvas_masks = (torch.from_numpy(np.ascontiguousarray(decode_polygons(
            [(np.array(self.outline(found)) * factor).tolist()], *size)))[None]
            for factor, size in ((1.0, shape), (scale, canvas)))
        contour = scale * np.array(self.outline(found)).reshape(1, -1, 2)
        boxes = np.array([found, *(self.ellipse() for _ in range(NUM_QUERIES - 1))])
        scores = np.append(0.9, self.random.random(NUM_QUERIES - 1))
        return dict(
            dataset='generated', split='val', expr_idx=number, ref_id=number,
            text='an ellipse', img_path='generated', no_target=False, ori_shape=shape,
            img_shape=canvas, canvas_shape=canvas, scale_factor=(scale, scale),
            pad_offset=(0.0, 0.0), paste_offset=(0, 0), image_instances=dict(
                bboxes=corners(target[None]).float(),
                segmentations=[dict(poly=parts)]),
            pred_instances=dict(
                bboxes=corners(boxes[:1]).float(), scores=torch.tensor([0.9]),
                masks=masks, canvas_masks=canvas_masks, canvas_polygons=contour),
            pred_boxes=dict(bboxes=corners(boxes).float(),
                            scores=torch.from_numpy(scores).float()))

    def batches(self, kind: str, num: int, size: int) -> Iterator[list[dict]]:
        """Yield batches of expressions for a metric."""
        draw = self.sample if kind in GENERALIZED else self.single
        for start in range(0, num, size):
            batch = [draw(number) for number in range(start, min(start + size, num))]
            if kind in ('GeneralizedBoxF1', 'BoxRecall'):
                batch = [dict(sample, pred_instances=sample['pred_boxes'])
                         for sample in batch]
            yield batch


def corners(ellipses: np.ndarray) -> torch.Tensor:
    """Return boxes (N, 4) xyxy around ellipses (N, 4)."""
    centre, radii = ellipses[:, :2], np.abs(ellipses[:, 2:])
    return torch.from_numpy(np.concatenate([centre - radii, centre + radii], axis=1))


def time_metric(kind: str, args: argparse.Namespace) -> dict[str, Any]:
    """Return the seconds that a metric takes, and its scores."""
    metric, source = METRICS.build(dict(type=kind)), Predictions(args.size, args.seed)
    seconds = 0.0
    for batch in source.batches(kind, args.num, args.batch_size):
        begin = time.perf_counter()
        metric.process(None, batch)
        seconds += time.perf_counter() - begin
    begin = time.perf_counter()
    scores = metric.evaluate(args.num)
    return dict(metric=kind, expressions=args.num, size=args.size,
                seconds_process=seconds, seconds_evaluate=time.perf_counter() - begin,
                milliseconds_an_expression=1000 * seconds / args.num,
                peak_memory_mib=peak_memory(CPU), scores=scores)


def compare(kind: str, args: argparse.Namespace) -> dict[str, Any]:
    """Return the CPU time of a metric and of the published evaluator, and one score.

    Raises:
        ValueError: the scores differ.
    """
    from published_evaluators import PUBLISHED
    settings, name, published = PUBLISHED[kind]
    metric, theirs = METRICS.build(dict(settings, type=kind)), published()
    source, seconds = Predictions(args.size, args.seed), [0.0, 0.0]
    steps: list[Callable] = [lambda batch: metric.process(None, batch), theirs.process]

    def run(number: int, step: Callable, *values: Any) -> Any:
        begin = time.process_time()
        result = step(*values)
        seconds[number] += time.process_time() - begin
        return result

    for turn, batch in enumerate(source.batches(kind, args.num, args.batch_size)):
        for number in (0, 1) if turn % 2 else (1, 0):
            run(number, steps[number], batch)
    ours, expected = run(0, metric.evaluate, args.num)[name], run(1, theirs.score)
    if abs(ours - expected) > 1e-3:
        raise ValueError(f'{kind}: {name} is {ours}, the published way {expected}')
    each = [1000 * value / args.num for value in seconds]
    return dict(metric=kind, published=published.__name__, expressions=args.num,
                size=args.size, score={name: ours}, milliseconds_ours=each[0],
                milliseconds_published=each[1], ratio=each[0] / each[1])


def report(figures: dict[str, Any]) -> Iterator[str]:
    """Yield the lines that tell the figures of one metric."""
    if 'ratio' in figures:
        (name, score), = figures['score'].items()
        yield (f'{figures["metric"]}: {figures["milliseconds_ours"]:.3f} ms of CPU an '
               f'expression, published {figures["milliseconds_published"]:.3f} ms, '
               f'ratio {figures["ratio"]:.2f}; {name} {score:.2f} in both')
        return
    yield (f'{figures["metric"]}: {figures["expressions"]:,} expressions, process '
           f'{figures["seconds_process"]:.2f} s '
           f'({figures["milliseconds_an_expression"]:.3f} ms each), evaluate '
           f'{figures["seconds_evaluate"]:.2f} s')
    for name, score in figures['scores'].items():
        yield f'  {name}: {score:.2f}'


@one_line_errors
def main() -> None:
    """Measure, print and write."""
    args = parse_args()
    check_outputs([args.json], overwrite=args.overwrite)
    torch.set_num_threads(1)
    figures = []
    for kind in args.metrics or (WITH_PUBLISHED if args.published else KINDS[:1]):
        figures.append((compare if args.published else time_metric)(kind, args))
        print('\n'.join(report(figures[-1])))
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        write_whole(args.json, json.dumps(figures, indent=2) + '\n')


if __name__ == '__main__':
    main()
