"""Make a table of result cards, or a page of them, with intervals and paired tests."""
import argparse
import json
from pathlib import Path

from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.bench.statistics import DRAWS
from segvg.utils.command_line import fail
from segvg.utils.exits import one_line_errors
from segvg.utils.files import write_whole


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=f'{__doc__} Cards of one config with several seeds are one row. '
        'Cards of other data or by another rule are refused.')
    parser.add_argument('cards', nargs='+', metavar='CARD',
                        help='files made by tools/test.py --card')
    parser.add_argument('--scores', nargs='+', metavar='NAME',
                        help='e.g. rec/acc@0.5 (default: all that the cards share)')
    parser.add_argument('--markdown', metavar='F.md',
                        help='write the table to this file')
    parser.add_argument('--json', metavar='F.json',
                        help='write the table to this file')
    parser.add_argument('--html', metavar='F.html', help='write a page to this file, '
                        'with plots of the scores and everything on the cards; of one '
                        'card it is the page of that card')
    parser.add_argument('--draws', type=int, default=DRAWS, metavar='N',
                        help='how often images are drawn (default: %(default)s)')
    add_overwrite(parser)
    return parser.parse_args()


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

from segvg.bench.card import CardError, read_card
from segvg.bench.compare import as_json, as_markdown, as_text, compare_cards

NOTE = '95 % intervals by drawing images {draws} times'
TEST = ('; every model is compared with the first one, p by exchanging answers image '
        'by image')


@one_line_errors
def main() -> None:
    """Compare."""
    args = parse_args()
    check_outputs([args.markdown, args.json, args.html], args.cards,
                  overwrite=args.overwrite)
    try:
        rows = compare_cards([read_card(Path(path)) for path in args.cards],
                             args.scores, args.draws)
    except CardError as error:
        fail(error)
    print(as_text(rows))
    note = NOTE.format(draws=args.draws) + (TEST if len(rows) > 1 else '')
    print(f'\n{note}')
    if args.markdown:
        write_whole(args.markdown, f'{as_markdown(rows)}\n\n{note}.\n')
    if args.json:
        write_whole(args.json, json.dumps(as_json(rows), indent=1) + '\n')
    if args.html:
        from segvg.bench.card_page import comparison_page  # slow: matplotlib
        write_whole(args.html, comparison_page(rows, note))


if __name__ == '__main__':
    main()
