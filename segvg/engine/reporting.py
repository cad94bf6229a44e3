"""What tools/test.py prints and writes after a test."""
import argparse
import json
from pathlib import Path

from mmengine.runner import Runner

from segvg.evaluation.prediction_dump import is_pickle
from segvg.evaluation.thresholds import format_threshold
from segvg.utils.configs import ann_files
from segvg.utils.files import write_whole


def report(runner: Runner, metrics: dict, args: argparse.Namespace, *, leakage: str,
           thresholds: list[dict]) -> None:
    """Print the scores as a table and write ``--out``.

    Args:
        runner: whose test is over.
        metrics: its scores.
        args: command line of tools/test.py.
        leakage: whether the weights saw images of the test data.
        thresholds: those in use, with their sources.
    """
    count = max(getattr(metric, 'num_expressions', 0)
                for metric in runner.test_evaluator.metrics)
    files = [str(path) for path in ann_files(runner.cfg, 'test_dataloader')]
    name = ', '.join(Path(file).name for file in files)
    width = max(map(len, metrics), default=0)
    print(f'\n{name}: {count} expressions')
    for key, value in metrics.items():
        print(f'  {key:{width}}  {value:7.2f}')
    print(f'  images seen in training: {leakage}')
    for item in thresholds:
        print(f'  {format_threshold(item)}')
    for path in args.out:
        if is_pickle(path):  # holds predictions; their metric writes it
            continue
        content = dict(metrics=metrics, config=args.config, checkpoint=args.checkpoint,
                       ann_file=files[0] if len(files) == 1 else files,
                       num_expressions=count, leakage=leakage)
        if thresholds:
            content['thresholds'] = thresholds
        write_whole(path, json.dumps(content, indent=2) + '\n')
