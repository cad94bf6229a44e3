"""Choose a part of the objects of a training file at random, e.g. those with masks."""
import argparse

from segvg.annotations.outputs import add_overwrite
from segvg.utils.command_line import fail
from segvg.utils.exits import one_line_errors


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('annotations', help='canonical file, <name>_<split>.jsonl')
    parser.add_argument('--percent', type=float, required=True, metavar='P',
                        help='part of the objects (refs) with all their expressions')
    parser.add_argument('--seed', type=int, default=0, metavar='N',
                        help='seed of the choice (default: %(default)s)')
    parser.add_argument('--out', required=True, metavar='DIR',
                        help='folder for the new files')
    add_overwrite(parser)
    return parser.parse_args()


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

from segvg.annotations.canonical import CanonicalFile
from segvg.annotations.subset import draw_refs, write_refs


@one_line_errors
def main() -> None:
    """Choose and write."""
    args = parse_args()
    try:
        source = CanonicalFile(args.annotations)
        refs = draw_refs(source, args.percent, args.seed)
        name = f'{source.name}_sample{args.percent:g}'
        path = write_refs(source, dict.fromkeys(refs), args.out, name, dict(
            subset=dict(of=args.annotations, percent=args.percent, seed=args.seed)),
            overwrite=args.overwrite)
    except (FileNotFoundError, FileExistsError, ValueError) as error:
        fail(error)
    print(f'{len(refs)} objects: {path}')


if __name__ == '__main__':
    main()
