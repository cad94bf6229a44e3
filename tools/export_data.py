"""Write canonical files in another format, and list what that cannot hold.

python tools/export_data.py refer data/annotations/refcoco_unc_*.jsonl --out DIR
"""
import argparse
import os
import sys
import tempfile
from pathlib import Path

from segvg.annotations.exporters import EXPORTERS, Losses
from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.utils.exits import one_line_errors


def export(args: argparse.Namespace, losses: Losses) -> list[Path]:
    """Write the files beside their places first, and move all of them or none."""
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=args.out, prefix='.export.') as folder:
        parts = EXPORTERS[args.target](args.files, Path(folder), losses)
        written = [args.out / path.relative_to(folder) for path in parts]
        check_outputs(written, args.files, overwrite=args.overwrite)
        for part, path in zip(parts, written, strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(part, path)
    return written


@one_line_errors
def main(argv: list[str]) -> int:
    """Export; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('target', choices=sorted(EXPORTERS), help='format to write')
    parser.add_argument('files', nargs='+', type=Path, metavar='FILE.jsonl',
                        help='canonical files of one data set')
    parser.add_argument('--out', type=Path, required=True, metavar='DIR',
                        help='folder for the new files')
    add_overwrite(parser)
    args = parser.parse_args(argv)
    losses = Losses()
    try:
        written = export(args, losses)
    except (OSError, ValueError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(losses.table())
    print(f'written: {", ".join(map(str, written))}')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
