"""Serve a page in the browser: ask a model about photographs.

python tools/demo_page.py --checkpoint work_dirs/segvg_refcoco/epoch_90.pth

The page is at http://127.0.0.1:7860, on this machine only.
"""
import argparse
import threading

from segvg.utils.command_line import add_device, fail
from segvg.utils.exits import one_line_errors


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--model', metavar='NAME|CONFIG', help='published model '
                        '(segvg download --list), or the config of --checkpoint '
                        '(default: the one that it holds)')
    parser.add_argument('--checkpoint', metavar='FILE.pth', help='checkpoint file')
    parser.add_argument('--second-model', metavar='NAME|CONFIG', help='a second model, '
                        'for the tab that compares')
    parser.add_argument('--second-checkpoint', metavar='FILE.pth',
                        help='checkpoint of the second model')
    add_device(parser)
    parser.add_argument('--data', metavar='FILE.jsonl', help='canonical annotation '
                        'file to browse; its first images are the examples')
    parser.add_argument('--images', default='', metavar='DIR',
                        help='folder of the images of --data')
    parser.add_argument('--apply-orientation', action='store_true',
                        help='turn the images of --data as their camera says (EXIF)')
    parser.add_argument('--card', metavar='FILE.json', help='result card to browse '
                        'with its errors, made by tools/test.py --card')
    parser.add_argument('--data-root', metavar='DIR', help='folder of the data of '
                        '--card (default: the one that it names)')
    parser.add_argument('--examples', metavar='DIR', help='folder of photographs to '
                        'pick from')
    parser.add_argument('--host', default='127.0.0.1', metavar='ADDRESS',
                        help='address to listen at; 0.0.0.0 is every network of this '
                        'machine (default: %(default)s, this machine only)')
    parser.add_argument('--port', type=int, metavar='N',
                        help='port (default: the first free one from 7860 on)')
    parser.add_argument('--root-path', default='', metavar='PATH',
                        help='path below which a proxy serves the page')
    args = parser.parse_args()
    if args.data and args.card:
        parser.error('--data and --card are both for the third tab: give one')
    if not args.model and not args.checkpoint:
        parser.error('give --model or --checkpoint: the model to ask')
    return args


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

from pathlib import Path

from segvg.demo.desk import Desk
from segvg.demo.server import serve
from segvg.demo.start import make_browser, make_model, pick_examples


@one_line_errors
def main() -> None:
    """Serve the page until interrupted."""
    args = parse_args()
    try:
        browser = make_browser(args.data, args.images, args.card, args.data_root,
                               apply_orientation=args.apply_orientation)
        examples = pick_examples(args.examples, browser)
        models = [make_model(args.model, args.checkpoint, args.device)]
        if args.second_model or args.second_checkpoint:
            models.append(make_model(args.second_model, args.second_checkpoint,
                                     args.device))
    except (OSError, ValueError, KeyError) as error:
        fail(error)

    def make_desk(folder: Path) -> Desk:
        return Desk(models, folder, browser)

    with serve(make_desk, host=args.host, port=args.port, root_path=args.root_path,
               examples=examples) as address:
        print(f'the page is at {address} (Ctrl-C stops it)', flush=True)
        threading.Event().wait()


if __name__ == '__main__':
    main()
