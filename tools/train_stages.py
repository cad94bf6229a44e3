"""Train a config after the trainings that it builds on, as one command.

The config names their configs: ``earlier_stages = ['configs/a.py', 'configs/b.py']``.
Every stage is a training in a folder of its own, work_dirs/<config>, and begins with
the weights of the one before. A stage that is done is not repeated, whatever config it
was done for; one that was stopped goes on, also one of tools/train.py.
"""
import argparse

from segvg.engine.launch import add_common_arguments, fail, leave_group
from segvg.engine.workflows.stages import HANDED_ON, Stages


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of the last stage')
    parser.add_argument('--steps', nargs='+', metavar='NAME',
                        help='do only these stages, by the names of their configs; '
                        'what they need has to be there')
    parser.add_argument('--restart', metavar='NAME',
                        help='remove this stage and those after it and do them again')
    parser.add_argument('--status', action='store_true',
                        help='say what is done, and end')
    parser.add_argument('--hand-on', choices=HANDED_ON, default='last',
                        help='which weights the next stage begins with (default: '
                        '%(default)s)')
    add_common_arguments(parser, 'folder of the stages, each in one of its own '
                         '(default: work_dirs)')
    return parser.parse_args()


def chosen(args: argparse.Namespace, stages: Stages) -> list[str]:
    """Return the stages to do.

    Raises:
        ValueError: a name is that of no stage.
    """
    names = stages.steps.names
    for name in [*(args.steps or ()), *([args.restart] if args.restart else [])]:
        if name not in names:
            raise ValueError(f'{name} is none of the stages {", ".join(names)}')
    return [name for name in names if name in (args.steps or names)]


def main() -> None:
    """Train stage after stage."""
    args = parse_args()
    try:
        stages = Stages(args)
        names = chosen(args, stages)
        if args.restart:
            if args.launcher != 'none':
                raise ValueError('--restart removes folders, which several processes '
                                 'cannot do at once: first --restart with --status in '
                                 'one process, then the training')
            stages.steps.forget(args.restart)
        if args.status:
            print(stages.steps.table())
            return
        stages.check(names)
        for name in names:
            stages.train(name)
    except (FileNotFoundError, ValueError, KeyError) as error:
        fail(error)
    print(stages.steps.table())
    leave_group()


if __name__ == '__main__':
    main()
