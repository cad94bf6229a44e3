"""Train a model by selective retraining: rounds that carry over some of its parts.

The config says how often and what: ``retraining = dict(rounds=8,
keep=['fusion.layers'])``. Stopped? The same command goes on, within a round too.
"""
import argparse
from pathlib import Path

from segvg.engine.launch import add_common_arguments, fail, load_config
from segvg.engine.preflight import check_files
from segvg.engine.workflows.retraining import (
    check_retraining,
    format_table,
    read_table,
    run_rounds,
)
from segvg.leakage.guard import guard_training_data


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('--table', action='store_true',
                        help='print the table of complete rounds and end')
    add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Train round after round."""
    args = parse_args()
    try:
        cfg = load_config(args)
        check_retraining(cfg)
        # It is part of what the rounds are made of.
        guard_training_data(cfg)
        rows = read_table(Path(cfg.work_dir), cfg)
        if args.table:
            print(format_table(rows))
            return
        check_files(cfg, ['train_dataloader', 'val_dataloader'], pretrained=True)
        rows = run_rounds(cfg)
    except (FileNotFoundError, ValueError, KeyError) as error:
        fail(error)
    print(format_table(rows))


if __name__ == '__main__':
    main()
