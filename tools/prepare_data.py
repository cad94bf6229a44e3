"""Turn annotation files of any supported format into canonical JSON lines.

    python tools/prepare_data.py refer_refcoco data/refer/refcoco --out data/annotations

For every data set found it writes <name>_<split>.jsonl, <name>.meta.json and
<name>.report.jsonl, and prints what was wrong. --show 5 writes nothing and prints five
records as they are understood. Exit code 0: done. 1: something fatal, such as a full
disk, a record that may not be skipped, or counts that are not the official ones. 2:
wrong use, or missing files or packages.
"""
import argparse
import sys
from pathlib import Path

import segvg.utils.exits  # noqa: F401  first: it tells interrupts
from segvg.annotations.checks import BadRecordError, Check, Report
from segvg.annotations.readers import OWN_FORMATS, READERS, ReadOptions, SourceSet
from segvg.annotations.readers.base import BOXES, IMAGES_ARE
from segvg.annotations.readers.own.arguments import add_own_arguments, own_options
from segvg.utils.exits import one_line_errors

# option -> how the names of formats that it is for begin
CONVENTIONS = dict(
    box=('resc_pth', 'reftr_pth', 'seqtr', 'simvg', 'mdetr', 'odvg', 'refer_',
         'grefcoco', 'refzom', 'rrefcoco', 'mmdet', 'csv', 'coco', 'voc'),
    images_are=('resc_pth', 'reftr_pth', 'seqtr', 'simvg', 'mdetr', 'odvg', 'refer_',
                'grefcoco', 'refzom', 'rrefcoco', 'mmdet', 'hf_parquet', 'vg_regions',
                'phrasecut', 'flickr30k', 'd_cube', 'finecops', 'refdrone',
                'referit', *OWN_FORMATS),
    image_name=('seqtr', 'simvg'))


FILES_SHOWN = 8
MAX_BAD = 100_000  # more than any known source loses


def parse_args(argv: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('format', metavar='FORMAT', choices=sorted(READERS),
                        help=f'one of {", ".join(sorted(READERS))}')
    parser.add_argument('sources', metavar='SRC', nargs='+', type=Path,
                        help='source folder or file')
    parser.add_argument('--out', metavar='DIR', type=Path,
                        help='folder for the new files')
    parser.add_argument('--show', metavar='N', nargs='?', type=int, const=5,
                        help='write nothing, print N records as they are understood '
                        '(without a number: %(const)s)')
    parser.add_argument('--images', metavar='DIR', type=Path,
                        help='root of the images; read with --check images and full, '
                        'where the source gives no image sizes (.pth lists), and for '
                        'own data')
    parser.add_argument('--image-dirs', metavar='SUB', nargs='+',
                        help='folders below --images to try (default: the usual ones)')
    parser.add_argument('--check', choices=[check.name.lower() for check in Check],
                        default='fast', help='fast: ids, numbers, text; images: and '
                        'image files (existence, orientation, size); full: and pixels '
                        'of images and masks (default: %(default)s)')
    parser.add_argument('--on-bad', choices=['skip', 'raise'], default='skip',
                        help='skip bad records, or stop at the first (default: '
                        '%(default)s)')
    parser.add_argument('--max-bad', metavar='N', type=int, default=MAX_BAD,
                        help='stop when more than N records, boxes or phrases are lost '
                        '(default: %(default)s)')
    parser.add_argument('--need-mask', action='store_true',
                        help='skip what has no usable mask')
    parser.add_argument('--all-objects', action='store_true',
                        help='keep objects that no expression names')
    parser.add_argument('--allow-count-mismatch', action='store_true',
                        help='exit with 0 even if counts are not the official ones, or '
                        'not those of the meta file (canonical)')
    parser.add_argument('--partition', metavar='NAME',
                        help='read this one only, such as unc or umd')
    parser.add_argument('--reviewed', metavar='DIR', type=Path,
                        help='folder of <dataset>_<split>_reviewed.json, of Ref-L4: '
                        'says of expressions whether they are reviewed_ok')
    parser.add_argument('--name', metavar='NAME', help='name of the data set, instead '
                        'of the one that the source folder gives')
    parser.add_argument('--overwrite', action='store_true',
                        help='replace existing files of this name')
    parser.add_argument('--box', choices=BOXES, help='how boxes are stored, where the '
                        'format has no rule for them (own .pth lists) or the files do '
                        'not follow it; xyxy-inclusive: the far corner is the last '
                        'pixel inside')
    parser.add_argument('--images-are', choices=IMAGES_ARE, help='the collection that '
                        'numbers the images; own: none, their names identify them')
    parser.add_argument('--apply-orientation', action='store_true',
                        help='sizes of image files are those after turning them as '
                        'their camera says (EXIF): for boxes that were drawn on '
                        'upright pictures')
    parser.add_argument('--image-name', metavar='PATTERN', help='how the files of '
                        "numbered images are named, such as '{}.jpg' (seqtr_json, "
                        'simvg_grefcoco)')
    parser.add_argument('--extract-images', metavar='DIR', type=Path, help='write the '
                        'images that the rows hold to files below DIR; none is '
                        'replaced (hf_parquet; with or without --out)')
    add_own_arguments(parser, OWN_FORMATS)
    args = parser.parse_args(argv)
    if args.extract_images is not None and args.format != 'hf_parquet':
        parser.error('--extract-images is for hf_parquet, whose rows may hold images')
    if args.extract_images is not None and args.show is not None:
        parser.error('--show writes nothing, --extract-images writes files: give one')
    if args.out is None and args.show is None and args.extract_images is None:
        parser.error('--out DIR is needed, or --show to look first')
    for name, formats in CONVENTIONS.items():
        if getattr(args, name) is not None and not args.format.startswith(formats):
            parser.error(f'--{name.replace("_", "-")} is not for {args.format}: its '
                         'files say that themselves')
    if args.image_name is not None and '{}' not in args.image_name:
        parser.error("--image-name needs '{}', where the number stands")
    return args


if __name__ == '__main__':
    parse_args(sys.argv[1:])  # --help and wrong flags: before the slow imports below

from mmengine.logging import print_log

from segvg.annotations.conversion import convert, count_table, is_output_of
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.preview import preview
from segvg.annotations.readers.parquet_images import extract_images
from segvg.utils.progress import with_progress


def convert_set(source: SourceSet, args: argparse.Namespace,
                options: ReadOptions) -> bool:
    """Convert one set and print what was found; whether all is well."""
    path = args.out / f'{source.name}.report.jsonl'
    overwrite = args.overwrite or is_output_of(source, args.out)
    is_joined = not overwrite and path.with_name(
        f'{source.name}.meta.json').exists()
    size = path.stat().st_size if path.exists() else 0
    report = Report(on_bad=args.on_bad, max_bad=args.max_bad, path=path,
                    append=is_joined)
    names = ', '.join(map(str, source.files[:FILES_SHOWN]))
    more = len(source.files) - FILES_SHOWN
    log(f'{source.name}: reading {names}' + (f' and {more} more' if more > 0 else ''))
    try:
        meta = convert(source, args.out, report, options, overwrite=overwrite)
    except FileExistsError:
        if is_joined:
            report.undo(size)  # to the findings of what stays as it is
        raise
    except (OSError, KeyboardInterrupt):  # such as a full disk: no half of a report
        report.undo(size if is_joined else None)
        raise
    except (AnnotationFileError, BadRecordError) as error:
        log(f'\n{report.table()}\n{source.name} was not written: {error}')
        return False
    finally:
        report.close()
    log('\n'.join(['', report.table(), *report.left_out(), '', count_table(meta)]))
    lost = set(source.read.splits()) - source.written
    if lost or not source.written:
        log(f'{source.name}: nothing is left of {", ".join(sorted(lost)) or "it"}; the '
            'table says why')
        return False
    if report.counts['split_unknown']:
        log(f'{source.name}: {report.counts["split_unknown"]} records or files are of '
            'a split that is not known (train, val, test, testA, ...), and left out')
        return False
    if source.image_dirs:
        log(f'images found in {", ".join(source.image_dirs)} below {args.images}')
    log(f'written to {args.out}; findings in {report.path}')
    if report.counts['count_mismatch'] and not args.allow_count_mismatch:
        log(f'{source.name}: counts are not those expected; --allow-count-mismatch '
            'accepts that')
        return False
    return True


def show_set(source: SourceSet, args: argparse.Namespace, options: ReadOptions) -> bool:
    """Print some records of a set and what was found so far; whether all is well."""
    report = Report(on_bad=args.on_bad, max_bad=args.max_bad)
    records: list[str] = []
    try:
        records = preview(source, report, options, args.show)
        error = report.boxes.suspicion() or ('' if records else 'no record can be used')
    except (AnnotationFileError, BadRecordError) as refusal:
        error = str(refusal)
    log('\n'.join([f'{source.name}: {len(records)} records as they are understood '
                   '(nothing is written)', *records, '', report.table(),
                   *report.left_out()]))
    if error:
        log(f'{source.name}: {error}')
    return not error


def write_images(sets: list[SourceSet], args: argparse.Namespace,
                 options: ReadOptions) -> bool:
    """Write the images that rows hold and print how many; whether all were written."""
    found = extract_images(sets, args.extract_images, options)
    log(f'{len(found.written)} images written to {args.extract_images}, '
        f'{len(found.there)} existed already')
    for sentence in found.refused[:FILES_SHOWN]:
        log(sentence)
    if found.refused:
        log(f'{len(found.refused)} rows: their images were not written')
    return not found.refused


def log(message: str) -> None:
    """Print a message."""
    print_log(message, logger='current')


@one_line_errors
def main(argv: list[str]) -> int:
    """Convert all sets of the sources; the exit code."""
    args = parse_args(argv)
    try:
        own = own_options(args, OWN_FORMATS)
    except ValueError as error:
        log(str(error))
        return 2
    options = ReadOptions(
        check=Check[args.check.upper()], images=args.images,
        image_dirs=tuple(args.image_dirs) if args.image_dirs else None,
        need_mask=args.need_mask, all_objects=args.all_objects,
        partition=args.partition, dataset=args.name, reviewed=args.reviewed,
        progress=with_progress, box=args.box, images_are=args.images_are,
        image_name=args.image_name, apply_orientation=args.apply_orientation, **own)
    if args.images is None and options.check >= Check.IMAGES:
        log('without --images the image files are not looked at')
    try:
        sets = READERS[args.format](args.sources, options)
        all_images = args.extract_images is None or write_images(sets, args, options)
        if args.out is None and args.show is None:
            return 0 if all_images else 1
        names = [source.name for source in sets]
        if len(set(names)) < len(names):
            raise ValueError(f'two sources give the same name: {", ".join(names)}; '
                             'convert them one by one, with --name')
        work = convert_set if args.show is None else show_set
        results = [work(source, args, options) for source in sets]
    except (OSError, ValueError, ImportError) as error:
        log(str(error))
        is_machine = isinstance(error, OSError) and error.errno is not None and (
            not isinstance(error, (FileNotFoundError, FileExistsError)))
        return 1 if is_machine else 2
    return 0 if all(results) and all_images else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
