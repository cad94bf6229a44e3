"""Write canonical files in another format, and list what that cannot hold.

python tools/export_data.py refer data/annotations/refcoco_unc_*.jsonl --out DIR
"""
import argparse
import sys
from pathlib import Path

from segvg.annotations.exporters import EXPORTERS, Losses


def main(argv: list[str]) -> int:
    """Export; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('target', choices=sorted(EXPORTERS), help='format to write')
    parser.add_argument('files', nargs='+', type=Path, metavar='FILE.jsonl',
                        help='canonical files of one data set')
    parser.add_argument('--out', type=Path, required=True, metavar='DIR',
                        help='folder for the new files')
    args = parser.parse_args(argv)
    losses = Losses()
    try:
        written = EXPORTERS[args.target](args.files, args.out, losses)
    except (OSError, ValueError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(losses.table())
    print(f'written: {", ".join(map(str, written))}')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
