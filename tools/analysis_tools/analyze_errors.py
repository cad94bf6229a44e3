"""Show where a model fails: one HTML page and one JSON file of a result card."""
import argparse
import json
from pathlib import Path

from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.utils.command_line import fail
from segvg.utils.exits import one_line_errors
from segvg.utils.files import write_whole


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('card', help='file made by tools/test.py --card')
    parser.add_argument('--out-dir', metavar='DIR', help='folder for the page and the '
                        'JSON file (default: that of the card)')
    parser.add_argument('--data-root', metavar='DIR', help='folder of the data '
                        '(default: as in the config of the test, if that is below the '
                        'current folder)')
    parser.add_argument('--score', metavar='NAME', help='score of the tables (default: '
                        'acc@0.5, mIoU or gIoU, whichever there is)')
    parser.add_argument('--num-pictures', type=int, default=6, metavar='N',
                        help='pictures of every kind of error (default: %(default)s)')
    add_overwrite(parser)
    return parser.parse_args()


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

from segvg.bench.card import CardError, read_card, read_rows
from segvg.bench.error_page import error_page
from segvg.bench.errors import KINDS, analyze, data_root, report


@one_line_errors
def main() -> None:
    """Analyze."""
    args = parse_args()
    path = Path(args.card)
    out = Path(args.out_dir) if args.out_dir else path.parent
    page, tables_file = (out / f'{path.stem}_errors{end}' for end in ('.html', '.json'))
    check_outputs([page, tables_file], overwrite=args.overwrite)
    try:
        card = read_card(path)
        root = data_root(card, args.data_root)
        score, cases = analyze(card, read_rows(path), root, args.score)
        tables = report(cases)
        write_whole(page, error_page(card, score, cases, tables, root=root,
                                     pictures=args.num_pictures))
    except (CardError, ValueError, OSError) as error:
        fail(error)
    content = dict(card=str(path), score=score, **tables)
    write_whole(tables_file,
                json.dumps(content, indent=1, ensure_ascii=False) + '\n')
    for kind, words in KINDS.items():
        print(f'{kind:18} {tables["all"]["errors"][kind]:5.1f} %  {words}')
    print(f'\n{page}')


if __name__ == '__main__':
    main()
