"""Make a generated referring-expression data set (SynthRef).

python tools/make_synthref.py --level L0 --seed 0 --out data/synthref
python tools/make_synthref.py --level L0 --seed 0 --out data/synthref --captions
python tools/make_synthref.py --level L4 --seed 0 --out data/synthref --sheet L4.png
"""
import argparse
import time
from pathlib import Path

from segvg.annotations.outputs import check_outputs
from segvg.synthref.generate import FORMATS
from segvg.synthref.levels import SPLITS
from segvg.utils.exits import one_line_errors


def parse_sizes(text: str) -> dict[str, int]:
    """Read ``train=600,val=200``."""
    sizes = {}
    for part in text.split(','):
        split, _, number = part.partition('=')
        if split not in SPLITS or not number.isdigit():
            raise argparse.ArgumentTypeError(
                f'{part!r}: expected SPLIT=IMAGES with a split of {", ".join(SPLITS)}')
        sizes[split] = int(number)
    return sizes


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--level', required=True, metavar='L0..L5',
                        help='how hard: data/README.md has the table of levels')
    parser.add_argument('--seed', type=int, required=True, metavar='N',
                        help='seed of all that is drawn')
    parser.add_argument('--out', type=Path, required=True, metavar='DIR',
                        help='folder for the new files')
    parser.add_argument('--format', choices=FORMATS, default='all',
                        help='form of the annotations (default: %(default)s)')
    parser.add_argument(
        '--sizes', type=parse_sizes, metavar='train=600,val=200,...',
        help='images of each split; a split left out has the default size, 0 omits it')
    parser.add_argument('--sentences', type=int, metavar='N',
                        help='sentences of each image (default: those of the level)')
    parser.add_argument('--workers', type=int, default=1, metavar='N',
                        help='processes that make images (default: %(default)s)')
    parser.add_argument('--sheet', type=Path, metavar='F.png',
                        help='also draw some scenes with a sentence each')
    parser.add_argument(
        '--captions', action='store_true',
        help='also write captions with several phrases, in files of their own')
    parser.add_argument('--overwrite', action='store_true',
                        help='replace a data set made with other arguments')
    return parser.parse_args()


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

from rich.progress import Progress

from segvg.synthref import generate, write_captions
from segvg.synthref.sheet import draw_sheet
from segvg.utils.files import naming


def print_summary(manifest: dict) -> None:
    """Print the counts of every split and the ceilings of models that do not read."""
    columns = ('split', 'images', 'sentences', 'single', 'multi', 'none', 'long',
               'random object %', 'text-blind %', 'bag of words %')
    rows = [columns]
    for split, facts in manifest['splits'].items():
        kinds, ceilings = facts['kinds'], facts['ceilings']
        rows.append((split, facts['images'], facts['sentences'],
                     *(kinds.get(kind, 0) for kind in columns[3:6]), facts['long'],
                     ceilings['random_object'], ceilings['text_blind'],
                     ceilings['bag_of_words']))
    widths = [max(len(str(cell)) for cell in column) for column in zip(*rows)]
    for row in rows:
        print('  '.join(str(cell).rjust(width) for cell, width in zip(row, widths)))


def print_captions(meta: dict) -> None:
    """Print the counts of the captions of every split."""
    print('captions:')
    for split, facts in meta['splits'].items():
        counts = meta['counts'][split]
        print(f'  {facts["file"]}: {counts["captions"]} captions of '
              f'{counts["images"]} images, {counts["phrases"]} phrases, '
              f'{counts["several_targets"]} of several objects')


@one_line_errors
def main() -> None:
    """Make the data set and say what is in it."""
    args = parse_args()
    check_outputs([args.sheet], overwrite=args.overwrite)
    start = time.time()
    with Progress(transient=True) as bar:
        bar.disable = not bar.console.is_terminal
        task = bar.add_task(f'SynthRef {args.level}', total=None)
        try:
            manifest, reused = generate(
                args.out, args.level, args.seed, args.sizes, format=args.format,
                sentences=args.sentences, workers=args.workers,
                overwrite=args.overwrite,
                progress=lambda done, total: bar.update(
                    task, completed=done, total=total))
        except ValueError as error:
            raise SystemExit(f'error: {error}') from None
    folder = args.out / f'synthref_{args.level}'
    if reused:
        print(f'{folder} is complete and was made with the same arguments: kept')
    else:
        print(f'{folder} made in {time.time() - start:.1f} s')
    print_summary(manifest)
    if args.captions:
        print_captions(write_captions(args.out, args.level))
    if args.sheet:
        with naming(args.sheet):
            draw_sheet(args.level, args.seed).save(args.sheet)
        print(f'{args.sheet} drawn')


if __name__ == '__main__':
    main()
