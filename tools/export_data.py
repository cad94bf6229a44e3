"""Write canonical files in another format, and list what that format cannot hold.

python tools/export_data.py refer data/annotations/refcoco_unc_*.jsonl --out DIR
python tools/export_data.py label_studio found/predictions.json --out DIR
python tools/export_data.py fiftyone found/predictions.json --out DIR

For label_studio, coco and fiftyone a file may also have the answers of a model:
predictions.json of infer.py, or the .jsonl of a result card (test.py --card).
"""
import argparse
import os
import sys
import tempfile
from functools import partial
from pathlib import Path

import segvg.utils.exits  # noqa: F401  first: it tells interrupts
from segvg.annotations.exporters import (
    EXPORTERS,
    WITH_ANSWERS,
    Export,
    Losses,
    export_label_studio,
)
from segvg.annotations.exporters.label_studio import LOCAL
from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.utils.exits import one_line_errors


def export(args: argparse.Namespace, losses: Losses) -> list[Path]:
    """Write the files beside their places first, and move all of them or none."""
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=args.out, prefix='.export.') as folder:
        parts = exporter_of(args)(args.files, Path(folder), losses)
        written = [args.out / path.relative_to(folder) for path in parts]
        check_outputs(written, args.files, overwrite=args.overwrite)
        for part, path in zip(parts, written, strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(part, path)
    return written


def exporter_of(args: argparse.Namespace) -> Export:
    """Return the exporter of a format, with its own options."""
    if args.target == 'label_studio':
        return partial(export_label_studio, address=args.image_address or LOCAL,
                       images=args.images, boxes_only=args.boxes_only)
    found = EXPORTERS[args.target]
    return partial(found, images=args.images) if args.target in WITH_ANSWERS else found


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
    parser.add_argument('--images', type=Path, metavar='DIR', help='folder of the '
                        'images: of fiftyone, and of predictions.json where they have '
                        'moved')
    add_overwrite(parser)
    studio = parser.add_argument_group('label_studio')
    studio.add_argument('--image-address', metavar='PATTERN', help='where Label Studio '
                        'finds an image, with {} for its name (default: '
                        f'{LOCAL}, local files)')
    studio.add_argument('--boxes-only', action='store_true', help='no masks')
    args = parser.parse_args(argv)
    if args.target != 'label_studio' and (args.image_address or args.boxes_only):
        parser.error('--image-address and --boxes-only are for label_studio')
    if args.images and args.target not in WITH_ANSWERS:
        parser.error(f'--images is for {", ".join(WITH_ANSWERS)}')
    losses = Losses()
    try:
        written = export(args, losses)
    except (OSError, ValueError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(losses.table())
    print(f'written: {", ".join(map(str, written))}')
    if args.target == 'label_studio':
        print(f'{written[-1].name} is the labeling interface: paste it into Settings > '
              'Labeling Interface > Code, then import the tasks')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
