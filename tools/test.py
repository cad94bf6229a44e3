"""Score a checkpoint on the test data of a config."""
import argparse
from pathlib import Path
from typing import Iterator, Union

from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.utils.command_line import add_common_arguments, add_precision, fail
from segvg.utils.exits import one_line_errors


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file; of a foundation model its '
                        'folder, or its name on the hub')
    parser.add_argument('--out', action='append', default=[], metavar='FILE',
                        help='F.json: write the scores to this file; F.pkl: write all '
                        'predictions; can be repeated')
    parser.add_argument('--card', metavar='F.json', help='write a result card: scores '
                        'with intervals, protocol, data, weights, code, answers')
    parser.add_argument('--show-dir', metavar='DIR',
                        help='draw predictions into this folder')
    parser.add_argument('--show', action='store_true',
                        help='show predictions in a window; also written to the work '
                        'folder, or to --show-dir')
    parser.add_argument('--wait-time', type=float, default=2, metavar='SECONDS',
                        help='how long a window waits for a key, 0: until one is '
                        'pressed (default: %(default)s)')
    parser.add_argument('--tta', action='store_true',
                        help='look at every image as it is and mirrored, with left and '
                        'right swapped in the text, and average the predictions')
    parser.add_argument(
        '--split', metavar='NAME', help='score this split instead of the one of '
        'test_dataloader, e.g. testA, or test: all splits with "test" in their names')
    parser.add_argument(
        '--require-clean', action='store_true',
        help='refuse weights that saw images of the test data, or may have')
    parser.add_argument(
        '--no-target-threshold', metavar='F.json', help='take the threshold for "not '
        'in this image" from a file of tools/analysis_tools/choose_threshold.py')
    add_precision(parser)
    add_overwrite(parser)
    add_common_arguments(parser)
    return parser.parse_args()


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

from mmengine.config import Config
from mmengine.dist import is_main_process

from segvg.bench.card import card_files
from segvg.bench.card_hook import CardHook
from segvg.checkpoints.published import check_weights, takes_published
from segvg.engine.launch import build_runner, leave_group, load_config, load_weights
from segvg.engine.preflight import check_files
from segvg.engine.reporting import report
from segvg.engine.speed import use_precision
from segvg.engine.test_time import average_flips, use_flips
from segvg.evaluation.prediction_dump import PredictionDump, is_pickle
from segvg.evaluation.thresholds import thresholds_in_use, use_threshold
from segvg.leakage.declared import declared_verdict, published_names
from segvg.leakage.guard import tell_verdict
from segvg.leakage.provenance import checked_record, read_record
from segvg.utils.configs import ann_files, choose_split, drop_init


def outputs(args: argparse.Namespace) -> Iterator[Union[str, Path, None]]:
    """Yield the files to write; of the pictures only those that exist."""
    yield from args.out
    if args.card:
        yield from card_files(Path(args.card))
    if args.show_dir:
        yield from Path(args.show_dir).glob('[0-9][0-9][0-9][0-9]_*.jpg')


def apply_flags(cfg: Config, args: argparse.Namespace) -> None:
    """Write what the flags say into the config."""
    if args.split:
        choose_split(cfg.test_dataloader, args.split)
    if args.show or args.show_dir:
        hook = cfg.default_hooks.setdefault(
            'visualization', dict(type='GroundingVisualizationHook'))
        hook.update(draw=True, test_out_dir=args.show_dir, show=args.show,
                    wait_time=args.wait_time)
    if args.show:
        from segvg.visualization.window import require_display
        require_display()
    if args.tta:
        use_flips(cfg)
    # The checkpoint brings all weights: none of the public ones is needed.
    drop_init(cfg.model)
    cfg.load_from, cfg.resume = None, False


def check_leakage(args: argparse.Namespace, cfg: Config, meta: dict) -> str:
    """Return whether the weights saw images of the test data; ``--require-clean``.

    Raises:
        ValueError: ``--require-clean`` is given, and the verdict is not clean.
    """
    record = read_record(Path(args.checkpoint)) or checked_record(
        meta.get('provenance'), args.checkpoint)
    files = ann_files(cfg, 'test_dataloader')
    if record is None and takes_published(cfg.model):
        word, reasons = declared_verdict(published_names(cfg.model), files)
    else:
        word, reasons = tell_verdict(record, files)
    if args.require_clean and word != 'clean':
        raise ValueError(f'--require-clean, but the verdict is {word}: '
                         f'{"; ".join(reasons)}')
    return '; '.join([word, *reasons])


@one_line_errors
def main() -> None:
    """Score."""
    args = parse_args()
    check_outputs(outputs(args), [args.config, args.checkpoint],
                  overwrite=args.overwrite)
    try:
        cfg = load_config(args)
        check_weights(cfg.model, args.checkpoint)  # before data and model are built
        apply_flags(cfg, args)
        choice = args.no_target_threshold and use_threshold(
            cfg, args.no_target_threshold, args.checkpoint)
        thresholds = list(thresholds_in_use(cfg, choice))
        check_files(cfg, ['test_dataloader'], pretrained=False)
        runner = build_runner(cfg)
        meta = load_weights(runner, args.checkpoint)
        use_precision(runner.model, args.dtype, compiled=args.compile)
        leakage = check_leakage(args, cfg, meta)
        if args.tta:
            average_flips(runner)
    except (FileNotFoundError, ValueError, KeyError) as error:
        fail(error)
    card = args.card and CardHook(
        args.card, checkpoint=args.checkpoint, meta=meta, config=args.config,
        leakage=leakage, thresholds=thresholds, suffix=' (tta)' if args.tta else '')
    if card:
        runner.register_hook(card)
    for path in filter(is_pickle, args.out):
        runner.test_loop.evaluator.metrics.append(PredictionDump(path))
    metrics = runner.test()
    if is_main_process():
        if card:
            card.write(runner, metrics)
        report(runner, metrics, args, leakage=leakage, thresholds=thresholds)
    leave_group()


if __name__ == '__main__':
    main()
