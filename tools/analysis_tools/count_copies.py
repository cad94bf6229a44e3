"""Count copies to the device and waits for it in a step of every method, without a GPU.

    python tools/analysis_tools/count_copies.py

Each toy config of the tests takes a training step and a test step of four samples on a
stand-in for a GPU: the CPU computes, and everything that would pass between a host and
its device is counted. A copy is one to the device; a wait is what makes the host wait
for the device, such as a copy back. It needs the tests of a checkout.
"""
import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Iterator

from segvg.utils.command_line import fail
from segvg.utils.exits import one_line_errors

ROOT = Path(__file__).resolve().parents[2]


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--only', nargs='+', metavar='NAME',
                        help='configs, such as segvg/segvg_tiny_synthref_l0 '
                        '(default: one of every method)')
    parser.add_argument('--places', action='store_true',
                        help='also print where they happen')
    return parser.parse_args()


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

HEAD = ('config', 'training: copies / waits', 'test: copies / waits')


def summary(events: Counter) -> str:
    """Return the numbers of copies and of waits."""
    waits = sum(count for (kind, _), count in events.items() if kind == 'wait')
    return f'{events.total() - waits} / {waits}'


def places(events: Counter) -> Iterator[str]:
    """Yield a line for each place, the most frequent first."""
    for (kind, place), count in sorted(events.items(), key=lambda item: -item[1]):
        yield f'{count:5}  {kind} of {place}'


@one_line_errors
def main() -> None:
    """Count and print."""
    args = parse_args()
    if not (ROOT / 'tests/step_counts.py').is_file():
        fail(ValueError(f'{ROOT} has no tests: this tool needs a checkout of segvg'))
    sys.path.insert(0, str(ROOT))
    from tests.every_method import METHODS, make_folders
    from tests.step_counts import count_steps
    unknown = sorted(set(args.only or ()) - set(METHODS))
    if unknown:
        fail(ValueError(f'{", ".join(unknown)}: no toy config; there are '
                        f'{", ".join(METHODS)}'))
    with tempfile.TemporaryDirectory() as folder:
        folders = make_folders(Path(folder))
        counts = {name: count_steps(name, folders, Path(folder) / 'work')
                  for name in args.only or METHODS}
    rows = [(name, summary(steps.training), summary(steps.test))
            for name, steps in counts.items()]
    for row in (HEAD, ['---'] * len(HEAD), *rows):
        print(f'| {" | ".join(row)} |')
    for name, steps in counts.items() if args.places else ():
        print(f'\n{name}, training step')
        print('\n'.join(places(steps.training)))
        print(f'{name}, test step')
        print('\n'.join(places(steps.test)))


if __name__ == '__main__':
    main()
