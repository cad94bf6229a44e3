"""Partial-RES in one command: boxes for all, masks for a few, contours for the rest.

The steps, each in a folder of its own below --work-dir:
{steps}
A step that is done is not repeated; one that was stopped is resumed. The share of
masks, the seed and the box config stand in the config under `partial_res`, and, if
wanted, the epochs of 3_res (`res_epochs`), since an epoch of few masks is short.
"""
import argparse

import segvg.utils.exits  # noqa: F401  first: it tells interrupts
from segvg.engine.workflows.partial_res_steps import STEPS
from segvg.utils.command_line import add_step_options, fail
from segvg.utils.exits import one_line_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    steps = '\n'.join(f'  {name:10} {text}' for name, text in STEPS.items())
    parser = argparse.ArgumentParser(
        description=__doc__.format(steps=steps),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of the contour model')
    parser.add_argument('--work-dir', metavar='DIR',
                        help='folder of the steps, each in one of its own (default: '
                        'work_dirs/<config>)')
    parser.add_argument('--percent', type=float, metavar='P',
                        help="share of the masks in percent (default: the config's)")
    parser.add_argument('--rec-checkpoint', metavar='FILE.pth',
                        help='skip 1_rec and start from this box model')
    parser.add_argument('--with-all-masks', action='store_true', help='do 7_all too')
    parser.add_argument('--steps', nargs='+', choices=STEPS,
                        help='do only these; what they need has to be there')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE',
                        help='settings that replace those of the config, for the '
                        'trainings of boxes and of contours')
    add_step_options(parser, 'STEP')
    return parser.parse_args()


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

from segvg.engine.workflows.partial_res import PartialRES


def wanted_steps(args: argparse.Namespace) -> list[str]:
    """Return the steps to do, in order."""
    with_all = args.with_all_masks or args.restart == '7_all'
    default = [step for step in STEPS if with_all or step != '7_all']
    return [step for step in STEPS if step in (args.steps or default)]


@one_line_errors
def main() -> None:
    """Run the steps."""
    args = parse_args()
    try:
        run = PartialRES(args)
        with run.steps.locked(args) as ends:
            if not ends:
                run.check()
                for step in wanted_steps(args):
                    run.run(step)
    except (FileNotFoundError, ValueError) as error:
        fail(error)


if __name__ == '__main__':
    main()
