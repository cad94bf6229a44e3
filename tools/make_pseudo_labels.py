"""Predict masks for training data and keep those that fill their box.

Writes a training file with the labelled objects and those whose predicted mask was
kept; true masks of other objects are not read. Any model that predicts masks can make
them, and any model that learns masks can be trained on the file.
"""
import argparse
import json
from pathlib import Path

from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.utils.command_line import add_common_arguments, fail
from segvg.utils.exits import one_line_errors


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config of a model that predicts masks')
    parser.add_argument('checkpoint', help='checkpoint file; for a foundation model '
                        'its folder, or its name on the hub')
    parser.add_argument('--annotations', required=True, metavar='TRAIN.jsonl',
                        help='all training data, with boxes')
    parser.add_argument('--labelled', metavar='SUBSET.jsonl',
                        help='the part of it whose masks are known (default: none of '
                        'them)')
    parser.add_argument('--out', required=True, metavar='DIR',
                        help='folder for the new files')
    parser.add_argument('--threshold', type=float, default=0.1, metavar='T',
                        help='largest distance of shadows that is kept (default: '
                        '%(default)s)')
    parser.add_argument('--plain', action='store_true',
                        help='predict with the plain weights, as published, not with '
                        'their average')
    add_overwrite(parser)
    add_common_arguments(parser)
    return parser.parse_args()


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

from mmengine.dist import is_main_process

from segvg.annotations.canonical import CanonicalFile
from segvg.annotations.subset import write_refs
from segvg.engine.launch import leave_group, load_config
from segvg.engine.workflows.pseudo_labels import (
    choose,
    find_refs,
    judge_predictions,
    runner_for,
)
from segvg.utils.configs import drop_init


@one_line_errors
def main() -> None:
    """Predict, choose, write."""
    args = parse_args()
    try:
        cfg = load_config(args)
        drop_init(cfg.model)
        source = CanonicalFile(args.annotations)
        subset = CanonicalFile(args.labelled) if args.labelled else None
        name = f'{(subset or source).name}_pseudo'
        check_outputs([Path(args.out) / f'{name}_{source.split}.jsonl'], [
            args.annotations, *([args.labelled] if subset else [])],
            overwrite=args.overwrite)
        labelled = find_refs(source, subset) if subset else []
        runner = runner_for(cfg, str(Path(args.annotations).absolute()),
                            args.checkpoint, args.plain)
        labels = judge_predictions(runner, args.threshold)
        chosen = choose(source, labels, labelled)
        if not labelled and not chosen:
            raise ValueError('no predicted mask fills its box (--threshold '
                             f'{args.threshold}): there is nothing to learn from')
    except (FileNotFoundError, ValueError, KeyError) as error:
        fail(error)
    if is_main_process():
        note = dict(of=args.annotations, labelled=len(labelled), pseudo=len(chosen),
                    threshold=args.threshold, checkpoint=args.checkpoint)
        path = write_refs(source, {**dict.fromkeys(labelled), **chosen}, args.out,
                          name, dict(pseudo_labels=note), overwrite=args.overwrite)
        print(json.dumps(note))
        print(f'{len(labelled)} labelled and {len(chosen)} pseudo-labelled objects: '
              f'{path}')
    leave_group()


if __name__ == '__main__':
    main()
