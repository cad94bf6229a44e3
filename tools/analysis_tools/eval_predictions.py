"""Score predictions of any program by the metrics of a config.

python tools/analysis_tools/eval_predictions.py configs/segvg/segvg_refcoco.py \\
    predictions.json --split testA --card cards/theirs.json

PREDICTIONS is a list in JSON (or lines, .jsonl) of {"expr_id": 17, "bbox": [x1, y1, x2,
y2]}, optionally with "score" and "mask" (a run-length code or polygons). Several
targets are in "targets"; "bbox": null means no target. The file that tools/test.py
--out F.pkl writes is read, too. docs/inference.md has all fields.
"""
import argparse
import json
from pathlib import Path

from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.utils.command_line import add_config_options, fail
from segvg.utils.exits import one_line_errors
from segvg.utils.files import write_whole

SHOWN = 10


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file: its test data and its metrics')
    parser.add_argument('predictions', metavar='PREDICTIONS', type=Path,
                        help='file of predictions')
    parser.add_argument('--box', choices=['xyxy', 'xywh'], default='xyxy',
                        help='how boxes are stored, in pixels of the image (default: '
                        '%(default)s)')
    parser.add_argument('--split', metavar='NAME', help='score this split instead of '
                        'the one of test_dataloader, as in tools/test.py')
    parser.add_argument('--out', metavar='F.json', help='write the scores to this file')
    parser.add_argument('--card', metavar='F.json', type=Path,
                        help='write a result card, for tools/compare.py')
    parser.add_argument('--name', help='what tables call these predictions (default: '
                        'the name of the file)')
    add_overwrite(parser)
    add_config_options(parser)
    return parser.parse_args()


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

from segvg.bench.card import card_files
from segvg.bench.predictions_file import read_predictions
from segvg.bench.scoring import Scored, score_predictions, write_scored_card
from segvg.engine.launch import load_config
from segvg.engine.preflight import check_files
from segvg.utils.configs import ann_files, choose_split


def report(scored: Scored, count: int) -> None:
    """Print scores, metrics without a score, and expressions without a prediction."""
    width = max(map(len, scored.scores), default=0)
    for name, value in scored.scores.items():
        print(f'  {name:{width}}  {value:7.2f}')
    for metric, reason in scored.unscored.items():
        print(f'not scored: {metric}: {reason}')
    if scored.missing:
        names = ', '.join(repr(item['expr_id']) for item in scored.missing[:SHOWN])
        more = ', ...' if len(scored.missing) > SHOWN else ''
        print(f'warning: {len(scored.missing)} of {count} expressions have no '
              f'prediction and count as misses: expr_id {names}{more}')


@one_line_errors
def main() -> None:
    """Score."""
    args = parse_args()
    cards = card_files(args.card) if args.card else []
    check_outputs([args.out, *cards], [args.config, args.predictions],
                  overwrite=args.overwrite)
    try:
        cfg = load_config(args)
        if args.split:
            choose_split(cfg.test_dataloader, args.split)
        predictions = read_predictions(args.predictions, args.box)
        check_files(cfg, ['test_dataloader'], pretrained=False)
        scored = score_predictions(cfg, predictions, args.predictions)
    except (FileNotFoundError, ValueError) as error:
        fail(error)
    files, count = ann_files(cfg, 'test_dataloader'), len(scored.log.rows)
    print(f'{", ".join(path.name for path in files)}: {count} expressions, '
          f'{len(predictions)} predictions')
    report(scored, count)
    if args.card:
        write_scored_card(args.card, cfg, args.predictions, scored,
                          args.name or args.predictions.stem)
    if args.out:
        write_whole(args.out, json.dumps(dict(
            metrics=scored.scores, config=args.config,
            predictions=str(args.predictions), num_expressions=count,
            missing=[item['expr_idx'] for item in scored.missing]), indent=2) + '\n')


if __name__ == '__main__':
    main()
