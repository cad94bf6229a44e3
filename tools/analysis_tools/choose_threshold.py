"""Choose on val the threshold of the answer "not in this image"; draw all of them.

python tools/analysis_tools/choose_threshold.py configs/rela/rela_swin_b_grefcoco.py \\
    rela.pth --out work_dirs/rela/threshold.json

The data of ``val_dataloader`` is run once; then every threshold is tried on what was
counted. The file keeps threshold, score, split, config, hash of the weights and the
whole curve; beside it a picture ``.png`` shows the curve. ``tools/test.py`` and
``tools/infer.py`` take the file by ``--no-target-threshold``.
"""
import argparse
import json
from pathlib import Path

from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.utils.command_line import add_common_arguments, fail
from segvg.utils.exits import one_line_errors
from segvg.utils.files import whole_file, write_whole


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file; of a foundation model its '
                        'folder, or its name on the hub')
    parser.add_argument('--out', metavar='F.json', type=Path,
                        help='write the choice to this file (default: '
                        'no_target_threshold.json in the work folder)')
    parser.add_argument('--metric', metavar='TYPE', help='type of the metric of '
                        'val_evaluator, e.g. GeneralizedBoxF1 (default: the first that '
                        'has a threshold)')
    parser.add_argument('--select', metavar='NAME', help='score to maximize, '
                        'e.g. gres/cIoU (default: gres/gIoU or grec/Pr@(F1=1))')
    add_overwrite(parser)
    add_common_arguments(parser)
    return parser.parse_args()


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

from mmengine.config import Config
from mmengine.dist import is_main_process

from segvg.checkpoints.published import check_weights
from segvg.engine.launch import build_runner, leave_group, load_config, load_weights
from segvg.engine.preflight import check_files
from segvg.evaluation.thresholds import (
    ThresholdSweep,
    describe_choice,
    generalized_configs,
)
from segvg.utils.configs import drop_init


def prepare(cfg: Config, args: argparse.Namespace) -> None:
    """Turn the test of a config into a run over its val data with all thresholds.

    A config without val data, such as that of a foundation model, has to name the val
    data as its test data.

    Raises:
        ValueError: no metric has a threshold.
    """
    evaluator = 'val_evaluator' if cfg.get('val_evaluator') else 'test_evaluator'
    found = [part for part in generalized_configs(cfg[evaluator])
             if args.metric in (None, part['type'])]
    if not found:
        raise ValueError(f'{args.metric or "a metric with a threshold"} is not in the '
                         f'{evaluator} of {args.config}')
    cfg.test_dataloader = cfg.get('val_dataloader') or cfg.test_dataloader
    cfg.test_evaluator = dict(
        type='ThresholdSweep', metric=found[0], select=args.select)
    drop_init(cfg.model)
    cfg.load_from, cfg.resume = None, False


def draw(sweep: ThresholdSweep, path: Path) -> None:
    """Draw the selected score, N-acc and T-acc over the thresholds."""
    from matplotlib.figure import Figure
    figure = Figure(figsize=(6, 4), layout='constrained')
    axes = figure.subplots()
    steps = [point.threshold for point in sweep.curve]
    for name in sweep.curve[0].scores:
        if name == sweep.select or '/N-acc' in name or '/T-acc' in name:
            axes.plot(steps, [point.scores[name] for point in sweep.curve], label=name,
                      linewidth=2.5 if name == sweep.select else 1.2)
    best = sweep.best()
    axes.axvline(best.threshold, color='black', linewidth=1,
                 label=f'chosen: {best.threshold:.2f}')
    axes.axvline(sweep.metric.threshold, color='grey', linewidth=1, linestyle='--',
                 label=f'config: {sweep.metric.threshold:.2f}')
    axes.set(xlabel=sweep.metric.parameter, ylabel='percent', ylim=(0, 101))
    axes.set_title(', '.join(' '.join(source) for source in sweep.sources))
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    with whole_file(path) as stream:
        figure.savefig(stream, dpi=150, format=path.suffix[1:] or 'png')


@one_line_errors
def main() -> None:
    """Choose, write, draw."""
    args = parse_args()
    try:
        cfg = load_config(args)
        out = args.out or Path(cfg.work_dir) / 'no_target_threshold.json'
        check_outputs([out, out.with_suffix('.png')], [args.config, args.checkpoint],
                      overwrite=args.overwrite)
        check_weights(cfg.model, args.checkpoint)
        prepare(cfg, args)
        check_files(cfg, ['test_dataloader'], pretrained=False)
        runner = build_runner(cfg)
        load_weights(runner, args.checkpoint)
        scores = runner.test()
        sweep: ThresholdSweep = runner.test_evaluator.metrics[0]
        choice = describe_choice(sweep, args.config, args.checkpoint)
    except (FileNotFoundError, ValueError, KeyError) as error:
        fail(error)
    if is_main_process():
        write_whole(out, json.dumps(choice, indent=2) + '\n')
        draw(sweep, out.with_suffix('.png'))
        print(f'\n{choice["parameter"]} {choice["threshold"]:.2f}: {sweep.select} '
              f'{choice["score"]:.2f}; with {choice["threshold_of_config"]:.2f} of the '
              f'config {scores[sweep.select]:.2f}\nwritten to {out}, the curve to '
              f'{out.with_suffix(".png")}')
    leave_group()


if __name__ == '__main__':
    main()
