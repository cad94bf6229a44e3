"""Train a model by selective retraining: rounds that carry over some of its parts.

The config says how often and what: ``retraining = dict(rounds=8,
keep=['fusion.layers'])``. Stopped? The same command resumes, within a round too.
Controls: ``keep='all'``, ``keep='nothing'`` with ``seed_step=1``, or ``one_run=True``
for one training as long as all rounds.
"""
import argparse

from segvg.utils.command_line import add_common_arguments, add_step_options, fail
from segvg.utils.exits import one_line_errors


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('--table', action='store_true',
                        help='print the table of complete rounds and end')
    add_step_options(parser, 'ROUND')
    add_common_arguments(parser)
    return parser.parse_args()


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

from segvg.engine.launch import load_config
from segvg.engine.preflight import check_files
from segvg.engine.workflows.retraining import (
    complete_rounds,
    format_table,
    round_steps,
    run_rounds,
)
from segvg.leakage.guard import guard_training_data


@one_line_errors
def main() -> None:
    """Train round after round."""
    args = parse_args()
    try:
        cfg = load_config(args)
        steps = round_steps(cfg)
        # It is part of what the rounds are made of.
        guard_training_data(cfg)
        if args.table:
            print(format_table(complete_rounds(cfg)))
            return
        with steps.locked(args) as ends:
            if ends:
                return
            check_files(cfg, ['train_dataloader', 'val_dataloader'], pretrained=True)
            rows = run_rounds(cfg)
    except (FileNotFoundError, ValueError, KeyError) as error:
        fail(error)
    print(format_table(rows))


if __name__ == '__main__':
    main()
