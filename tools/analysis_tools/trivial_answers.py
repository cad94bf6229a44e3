"""Scores of answers that need no model, for generalized grounding with masks.

python tools/analysis_tools/trivial_answers.py configs/rela/rela_tiny_synthref_l1.py \\
    --scores work_dirs/rela_tiny_synthref_l1/scores.json

Every image of the test data is read once. "All annotated objects" are those in the
annotation file: where it has only objects that sentences name, that answer knows more
than the picture shows. ``--scores`` adds files written by ``tools/test.py --out`` for
comparison.
"""
import argparse
import json
from pathlib import Path
from typing import Callable

from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.utils.command_line import add_config_options, fail
from segvg.utils.exits import one_line_errors
from segvg.utils.files import write_whole


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('--scores', nargs='*', default=[], metavar='F.json', type=Path,
                        help='files of tools/test.py --out')
    parser.add_argument('--json', metavar='F.json', type=Path,
                        help='write the scores to this file')
    add_overwrite(parser)
    add_config_options(parser)
    return parser.parse_args()


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope

from segvg.engine.launch import load_config
from segvg.engine.preflight import check_files
from segvg.evaluation.generalized_masks import GeneralizedMaskIoU, MaskCount
from segvg.registry import DATASETS
from segvg.structures.masks import count_overlap, decode_segmentation

SHOWN = ('gres/gIoU', 'gres/cIoU', 'gres/N-acc', 'gres/T-acc')

#: Answer -> whether it says "none", and what it marks, given the mask of all objects.
ANSWERS: dict[str, tuple[bool, Callable[[np.ndarray], np.ndarray]]] = {
    'always empty': (True, np.zeros_like),
    'never empty, all annotated objects': (False, np.copy),
    'never empty, whole image': (False, np.ones_like)}


def count_image(info: dict) -> dict[str, list[MaskCount]]:
    """Return the counts of every answer for the expressions of an image."""
    shape = (info['height'], info['width'])
    masks = [decode_segmentation(instance['mask'], *shape)
             for instance in info['instances']]
    objects = np.logical_or.reduce([np.zeros(shape, bool), *masks])
    counts: dict[str, list[MaskCount]] = {name: [] for name in ANSWERS}
    for expression in info['expressions']:
        targets = [masks[number] for number in expression['targets']]
        target = np.logical_or.reduce([np.zeros(shape, bool), *targets])
        for name, (none, mark) in ANSWERS.items():
            counts[name].append(MaskCount(
                *count_overlap(mark(objects), target), bool(targets), none))
    return counts


def score_answers(cfg: Config) -> dict[str, dict[str, float]]:
    """Return the scores of every answer on the test data of a config."""
    init_default_scope('segvg')
    # The pipeline is not run; images are not read.
    dataset = DATASETS.build({**cfg.test_dataloader.dataset, 'pipeline': [],
                              'sample_by': 'image'})
    counts: dict[str, list[MaskCount]] = {name: [] for name in ANSWERS}
    for number in range(len(dataset)):
        for name, found in count_image(dataset.get_data_info(number)).items():
            counts[name] += found
    metric = GeneralizedMaskIoU()
    return {name: {f'{metric.prefix}/{key}': value
                   for key, value in metric.compute_metrics(found).items()}
            for name, found in counts.items()}


def read_scores(path: Path) -> dict[str, float]:
    """Return the scores of a file of ``tools/test.py``.

    Raises:
        ValueError: they are of another task.
    """
    scores = json.loads(path.read_text('utf-8'))['metrics']
    missing = [name for name in SHOWN if name not in scores]
    if missing:
        raise ValueError(f'{path} lacks {", ".join(missing)}: it was not scored by '
                         'GeneralizedMaskIoU')
    return scores


@one_line_errors
def main() -> None:
    """Score, print and write."""
    args = parse_args()
    check_outputs([args.json], [args.config, *args.scores], overwrite=args.overwrite)
    try:
        cfg = load_config(args)
        check_files(cfg, ['test_dataloader'], pretrained=False)
        table = score_answers(cfg)
        table.update({str(path): read_scores(path) for path in args.scores})
    except (FileNotFoundError, ValueError) as error:
        fail(error)
    width = max(map(len, table))
    print(' ' * width, *(f'{name.split("/")[1]:>7}' for name in SHOWN))
    for name, scores in table.items():
        print(f'{name:{width}}', *(f'{scores[key]:7.2f}' for key in SHOWN))
    if args.json:
        write_whole(args.json, json.dumps(table, indent=2) + '\n')


if __name__ == '__main__':
    main()
