"""Count which images and expressions of an evaluation a training set has seen.

python tools/check_leakage.py --protect data/annotations/refcoco_unc_val.jsonl \\
    --train coco instances_train2017.json --weights detr.pth

The verdict on a split is ``clean``, ``leaked`` or ``unknown`` (more than one image in a
hundred could not be told). ``--weights`` writes it beside the weights, where
``tools/test.py`` finds it. Exit code 1: leaked, or not clean and ``--require-clean``.
"""
import argparse
import json
import sys
from pathlib import Path

from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.leakage import (
    SOURCES,
    ImageSource,
    Overlap,
    ProtectedSplit,
    Verdict,
    add_copies,
    compare,
    find_text_leaks,
    read_protected,
)
from segvg.utils.exits import one_line_errors
from segvg.utils.files import write_whole


def parse_args(argv: list[str]) -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--protect', nargs='+', type=Path, required=True,
                        metavar='FILE',
                        help='canonical .jsonl of val and test, or refs(*).p')
    parser.add_argument('--train', nargs=2, action='append', required=True,
                        metavar=('FORMAT', 'FILE'),
                        help=f'what was trained on; FORMAT: {", ".join(SOURCES)}')
    parser.add_argument('--vg-image-data', type=Path, metavar='FILE',
                        help='image_data.json: links of Visual Genome to COCO')
    parser.add_argument('--exclude', type=Path, metavar='FILE',
                        help='images that were left out of training, a name a line')
    parser.add_argument('--protect-images', type=Path, metavar='DIR',
                        help='images of --protect: look for copies by their content')
    parser.add_argument('--train-images', type=Path, metavar='DIR',
                        help='images of --train, among which copies are looked for')
    parser.add_argument('--weights', type=Path, metavar='FILE',
                        help='write the record beside these weights')
    parser.add_argument('--parent', type=Path, action='append', default=[],
                        metavar='FILE', help='weights that training started from')
    parser.add_argument('--out', type=Path, metavar='F.json',
                        help='write the report to this file')
    parser.add_argument('--require-clean', action='store_true',
                        help='exit code 1 for unknown, too')
    add_overwrite(parser)
    args = parser.parse_args(argv)
    if (args.protect_images is None) != (args.train_images is None):
        parser.error('--protect-images and --train-images belong together')
    for name, _ in args.train:
        if name not in SOURCES:
            parser.error(f'FORMAT is one of {", ".join(SOURCES)}, not {name!r}')
    return args


if __name__ == '__main__':
    parse_args(sys.argv[1:])  # --help and wrong flags: before the slow imports below

from segvg.leakage.compare import NAMES_SHOWN
from segvg.leakage.image_hash import find_copies
from segvg.leakage.provenance import make_record, read_record, record_path


def find_overlaps(args: argparse.Namespace,
                  protected: list[ProtectedSplit]) -> list[Overlap]:
    """Read the training data and compare it with the protected images."""
    source = ImageSource(args.vg_image_data)
    left_out = set()
    if args.exclude:
        left_out = {seen.compared_as for seen in source.read('names', args.exclude)}
    return compare((seen for name, path in args.train
                    for seen in source.read(name, Path(path))
                    if left_out.isdisjoint((seen.key, f'name:{seen.name}'))),
                   protected)


def count_texts(args: argparse.Namespace) -> dict[str, list]:
    """Expressions of protected files that canonical training files hold verbatim."""
    trained = [Path(path) for name, path in args.train if name == 'canonical']
    found = {}
    for path in args.protect:
        if path.suffix == '.jsonl':
            pairs = {pair for train in trained for pair in find_text_leaks(train, path)}
            if pairs:
                found[path.stem] = sorted(pairs)
    return found


def show(overlaps: list[Overlap], protected: list[ProtectedSplit]) -> None:
    """Print a row for every protected split."""
    print(f'{"protected":28} {"images":>7} {"seen":>7} {"share":>7}  verdict')
    for overlap, split in zip(overlaps, protected, strict=True):
        share = f'{100 * len(overlap.leaked) / max(overlap.size, 1):.1f}%'
        print(f'{overlap.protected:28} {overlap.size:7,} {len(overlap.leaked):7,} '
              f'{share:>7}  {overlap.verdict.word}')
        if split.expected not in (None, overlap.size):
            print(f'  officially {split.expected:,} images')
        if overlap.leaked:
            print(f'  {", ".join(overlap.leaked[:NAMES_SHOWN])}')
    last = overlaps[-1]
    print(f'trained on {last.seen:,} images, {last.unknown:,} of them could not be '
          'mapped')


def check(args: argparse.Namespace) -> bool:
    """Compare, print and write; return whether the evaluation is safe."""
    protected = [split for path in args.protect for split in read_protected(path)]
    overlaps, copies = find_overlaps(args, protected), []
    if args.train_images:
        copies = find_copies(args.protect_images, args.train_images)
        overlaps = add_copies(overlaps, protected, copies)
    show(overlaps, protected)
    texts = count_texts(args)
    for name, pairs in texts.items():
        print(f'{name}: {len(pairs):,} expressions are in the training set with the '
              f'same image, e.g. {pairs[0][1]!r} of {pairs[0][0]}')
    if args.train_images:
        print(f'{len(copies):,} images look like a protected one')
        for ours, theirs in copies[:NAMES_SHOWN]:
            print(f'  {theirs} is {ours}')
    report = dict(
        overlaps={overlap.protected: overlap.as_dict() for overlap in overlaps},
        protected={str(split): split.sha256 for split in protected},
        texts={name: len(pairs) for name, pairs in texts.items()}, copies=copies)
    if args.out:
        write_whole(args.out, json.dumps(report, indent=1) + '\n')
    if args.weights:
        write_record(args, overlaps)
    worst = max(overlap.verdict for overlap in overlaps)
    if texts or copies:
        worst = Verdict.LEAKED
    return worst < (Verdict.UNKNOWN if args.require_clean else Verdict.LEAKED)


def write_record(args: argparse.Namespace, overlaps: list[Overlap]) -> None:
    """Write the side file of the weights."""
    parents = {path.name: read_record(path) for path in args.parent}
    record = make_record([Path(path) for _, path in args.train], overlaps, parents)
    path = record_path(args.weights)
    write_whole(path, json.dumps(record, indent=1) + '\n')
    print(f'record written to {path}')


@one_line_errors
def main(argv: list[str]) -> int:
    """Check; the exit code."""
    args = parse_args(argv)
    try:
        check_outputs([args.out, args.weights and record_path(args.weights)],
                      [*args.protect, *(path for _, path in args.train)],
                      overwrite=args.overwrite)
        return 0 if check(args) else 1
    except (OSError, ValueError, KeyError, ImportError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
