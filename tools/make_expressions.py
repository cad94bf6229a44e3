"""Make sentences about annotated photographs: a detection data set for grounding.

    python tools/make_expressions.py data/coco/annotations/instances_val2017.json \\
        --split val --name coco_made --out data/annotations

It reads any file in COCO's form with boxes (and masks) of objects, and asks only what
the annotation decides: "the cat" if there is one, "the left cat" if that is clear.
Exit code 0: done. 1: something fatal was found. 2: wrong use.
"""
import argparse
import sys
from pathlib import Path

import segvg.utils.exits  # noqa: F401  first: it tells interrupts
from segvg.annotations.checks import BadRecordError, Check, Report
from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.annotations.readers import ReadOptions
from segvg.annotations.readers.base import IMAGES_ARE
from segvg.synthref.photographs.guesses import ALL, NAMES
from segvg.synthref.photographs.kinds import KINDS
from segvg.synthref.photographs.source import Choices, PhotoExpressions
from segvg.utils.exits import one_line_errors


def parse_args(argv: list[str]) -> argparse.Namespace:
    """Read the command line."""
    usual = Choices()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='kinds:\n' + '\n'.join(f'  {name:8} {text}'
                                      for name, text in KINDS.items()))
    parser.add_argument('instances', type=Path, metavar='FILE.json',
                        help='instances file in the form of COCO')
    parser.add_argument('--out', type=Path, required=True, metavar='DIR',
                        help='folder for the new files')
    parser.add_argument('--name', default='expressions', metavar='NAME',
                        help='name of the data set (default: %(default)s)')
    parser.add_argument('--kinds', nargs='+', choices=list(KINDS), default=list(KINDS),
                        metavar='KIND', help='kinds of sentences (default: all)')
    parser.add_argument('--split', default=usual.split, metavar='NAME',
                        help='split of the images (default: %(default)s)')
    parser.add_argument('--val-share', type=float, default=usual.val_share,
                        metavar='P', help='share of the images that is val instead, '
                        'from 0 to 1 (default: %(default)s)')
    parser.add_argument('--per-image', type=int, default=usual.most, metavar='N',
                        help='largest number of sentences with a target per image '
                        '(default: %(default)s)')
    parser.add_argument('--none-share', type=float, default=usual.none_share,
                        metavar='P', help='share of the sentences without a target, '
                        'about (default: %(default)s)')
    parser.add_argument('--min-area', type=float, default=usual.min_area, metavar='P',
                        help='share of the image that an object has to cover to be a '
                        'target; smaller ones count, but are not asked for (default: '
                        '%(default)s)')
    parser.add_argument('--call', nargs='+', default=[], metavar='CATEGORY=WORDS',
                        help="what a category is called, such as 'tv=television'; "
                        "a category that is called '' is left out")
    parser.add_argument('--partial', nargs='+', default=[], metavar='CATEGORY',
                        help='categories of which some objects are not annotated: '
                        'they are left out')
    parser.add_argument('--seed', type=int, default=usual.seed, metavar='N',
                        help='seed of all that is drawn (default: %(default)s)')
    parser.add_argument('--all-objects', action='store_true',
                        help='keep objects that no sentence is about')
    parser.add_argument('--images', type=Path, metavar='DIR',
                        help='folder of the images; their sizes are checked')
    parser.add_argument('--images-are', choices=IMAGES_ARE, help='the collection that '
                        'numbers the images; own: none does (default: by their names)')
    add_overwrite(parser)
    return parser.parse_args(argv)


if __name__ == '__main__':
    parse_args(sys.argv[1:])  # --help and wrong flags: before the slow imports below

from segvg.annotations.conversion import convert
from segvg.annotations.files.errors import AnnotationFileError
from segvg.utils.text_table import text_table


def choices_of(args: argparse.Namespace) -> Choices:
    """Return what the flags ask for."""
    spoken = {}
    for pair in args.call:
        name, equals, words = pair.rpartition('=')
        if not equals:
            raise ValueError(f'--call {pair}: expected CATEGORY=WORDS')
        spoken[name] = words
    return Choices(
        kinds=tuple(args.kinds), seed=args.seed, min_area=args.min_area,
        most=args.per_image, none_share=args.none_share, split=args.split,
        val_share=args.val_share, spoken=spoken, partial=tuple(args.partial))


def open_report(args: argparse.Namespace) -> Report:
    """Return the report; findings of other splits stay.

    Raises:
        FileExistsError: a file to write is there, or is the one that is read.
    """
    splits = {args.split, 'val'} if args.val_share else {args.split}
    check_outputs([args.out / f'{args.name}_{split}.jsonl' for split in splits],
                  [args.instances], overwrite=args.overwrite)
    has_others = (args.out / f'{args.name}.meta.json').exists()
    return Report(path=args.out / f'{args.name}.report.jsonl',
                  append=has_others and not args.overwrite)


def kinds_table(facts: dict) -> str:
    """Return for each kind of a split its number and how often guesses are right."""
    rows = [('kind', 'sentences', *(name.replace('_', ' ') for name in NAMES))]
    kinds = {**facts['kinds'], ALL: sum(facts['kinds'].values())}
    for kind in (*(name for name in KINDS if name in kinds), ALL):
        guesses = facts['ceilings'].get(kind, {})
        rows.append((kind, f'{kinds[kind]:,}', *(
            f'{guesses[name]:.1f}' if guesses else '-' for name in NAMES)))
    return text_table(rows, numbers=True)


@one_line_errors
def main(argv: list[str]) -> int:
    """Make the sentences; the exit code."""
    args = parse_args(argv)
    options = ReadOptions(
        check=Check.IMAGES if args.images else Check.FAST, images=args.images,
        all_objects=args.all_objects, images_are=args.images_are)
    try:
        source = PhotoExpressions(args.instances, args.name, choices_of(args))
        report = open_report(args)
    except (OSError, ValueError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    try:
        meta = convert(source, args.out, report, options, overwrite=args.overwrite)
    except (AnnotationFileError, BadRecordError) as error:
        print(f'{report.table()}\nnothing was written: {error}', file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    finally:
        report.close()
    print(report.table())
    if source.unspoken:
        print(f'no sentence is made about the categories {", ".join(source.unspoken)}: '
              'their names are not nouns; --call names them')
    if not source.written:
        print('error: no sentence can be made: no image has objects that a sentence '
              'could tell apart', file=sys.stderr)
        return 1
    for split in sorted(source.facts):
        facts = meta['splits'][split]
        print(f'\n{args.out / facts["file"]}: {facts["exprs"]:,} sentences about '
              f'{facts["images"]:,} images. A guess is right in ... %:\n'
              f'{kinds_table(facts)}')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
