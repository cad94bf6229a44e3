"""Time metrics of generalized grounding on generated predictions.

python tools/analysis_tools/benchmark_metrics.py --num 10000 --size 480

Targets are polygons (none, one, two or three per expression), masks are ellipses near
them, and there are a hundred boxes per expression, as a set predictor gives them. No
file is read and no model is run: ``process`` and ``evaluate`` of each metric are timed.
"""
import argparse
import json
import time
from pathlib import Path
from typing import Any

from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.utils.exits import one_line_errors
from segvg.utils.files import write_whole

KINDS = ('GeneralizedMaskIoU', 'NetworkGeneralizedMaskIoU', 'RobustMaskIoU',
         'MaskPartBoxF1', 'GeneralizedBoxF1')


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
    parser.add_argument('--metrics', nargs='+', default=KINDS[:1], choices=KINDS,
                        help=f'what to time (default: {KINDS[0]})')
    parser.add_argument('--seed', type=int, default=0, metavar='N',
                        help='seed of all that is drawn (default: %(default)s)')
    parser.add_argument('--json', type=Path, metavar='F.json',
                        help='write the figures to this file')
    add_overwrite(parser)
    return parser.parse_args()


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

import numpy as np
import torch

from segvg.registry import METRICS
from segvg.structures.masks import decode_polygons
from segvg.utils.profiling import CPU, peak_memory

NUM_POINTS = 40

NUM_BOXES = 100


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


def corners(ellipses: np.ndarray) -> torch.Tensor:
    """Return boxes (N, 4) xyxy around ellipses (N, 4)."""
    centre, radii = ellipses[:, :2], np.abs(ellipses[:, 2:])
    return torch.from_numpy(np.concatenate([centre - radii, centre + radii], axis=1))


def time_metric(kind: str, args: argparse.Namespace) -> dict[str, Any]:
    """Return the seconds that a metric takes, and its scores."""
    metric, source = METRICS.build(dict(type=kind)), Predictions(args.size, args.seed)
    seconds = 0.0
    for start in range(0, args.num, args.batch_size):
        batch = [source.sample(number) for number in range(
            start, min(start + args.batch_size, args.num))]
        if kind == 'GeneralizedBoxF1':
            batch = [dict(sample, pred_instances=sample['pred_boxes'])
                     for sample in batch]
        begin = time.perf_counter()
        metric.process(None, batch)
        seconds += time.perf_counter() - begin
    begin = time.perf_counter()
    scores = metric.evaluate(args.num)
    return dict(metric=kind, expressions=args.num, size=args.size,
                seconds_process=seconds, seconds_evaluate=time.perf_counter() - begin,
                milliseconds_an_expression=1000 * seconds / args.num,
                peak_memory_mib=peak_memory(CPU), scores=scores)


@one_line_errors
def main() -> None:
    """Measure, print and write."""
    args = parse_args()
    check_outputs([args.json], overwrite=args.overwrite)
    torch.set_num_threads(1)
    figures = []
    for kind in args.metrics:
        figures.append(time_metric(kind, args))
        print(f'{kind}: {args.num:,} expressions, process '
              f'{figures[-1]["seconds_process"]:.2f} s '
              f'({figures[-1]["milliseconds_an_expression"]:.3f} ms each), evaluate '
              f'{figures[-1]["seconds_evaluate"]:.2f} s')
        for name, score in figures[-1]['scores'].items():
            print(f'  {name}: {score:.2f}')
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        write_whole(args.json, json.dumps(figures, indent=2) + '\n')


if __name__ == '__main__':
    main()
