"""Train a config after the trainings that it builds on, as one command.

The config names their configs: ``earlier_stages = ['configs/a.py', 'configs/b.py']``.
Every stage is a training in a folder of its own, work_dirs/<config>, and begins with
the weights of the one before. A stage that is done is not repeated, whatever config it
was done for; one that was stopped is resumed, also one of tools/train.py.
"""
import argparse

from segvg.utils.command_line import add_common_arguments, add_step_options, fail
from segvg.utils.exits import one_line_errors


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of the last stage')
    parser.add_argument('--steps', nargs='+', metavar='NAME',
                        help='do only these stages, by the names of their configs; '
                        'what they need has to be there')
    parser.add_argument('--hand-on', choices=('last', 'best'), default='last',
                        help='which weights the next stage begins with (default: '
                        '%(default)s)')
    add_step_options(parser)
    add_common_arguments(parser, 'folder of the stages, each in one of its own '
                         '(default: work_dirs)')
    return parser.parse_args()


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

from segvg.engine.launch import leave_group
from segvg.engine.workflows.stages import Stages


@one_line_errors
def main() -> None:
    """Train stage after stage."""
    args = parse_args()
    try:
        stages = Stages(args)
        steps = stages.steps
        steps.check_names(args.steps or ())
        names = [name for name in steps.names if name in (args.steps or steps.names)]
        with steps.locked(args) as ends:
            if ends:
                return
            stages.check(names)
            for name in names:
                stages.train(name)
    except (FileNotFoundError, ValueError, KeyError) as error:
        fail(error)
    print(steps.table())
    leave_group()


if __name__ == '__main__':
    main()
