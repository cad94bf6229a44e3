"""Ground expressions in images: a picture of each answer and predictions.json.

python tools/infer.py street.jpg --text 'left man' --text 'the red car' \\
    --checkpoint work_dirs/segvg_refcoco/epoch_90.pth --out-dir found
"""
import argparse
import glob
import sys
from pathlib import Path
from typing import Iterator, Sequence

from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.utils.command_line import add_config_options, add_device, fail
from segvg.utils.exits import one_line_errors


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('images', nargs='+', metavar='IMAGE', help='image files')
    parser.add_argument('--text', action='append', required=True, dest='texts',
                        metavar='TEXT', help='an expression, asked of every image; can '
                        'be repeated')
    parser.add_argument('--phrases', nargs='+', metavar='PHRASE',
                        help='parts of every --text, each found by itself in one pass; '
                        'for models of phrases (default: the noun phrases that spaCy '
                        'finds)')
    parser.add_argument('--config', metavar='FILE.py',
                        help='config file (default: the config that the checkpoint '
                        'holds; that of a training of ours does)')
    parser.add_argument('--checkpoint', required=True, metavar='FILE.pth',
                        help='checkpoint file')
    parser.add_argument('--out-dir', required=True, metavar='DIR',
                        help='folder for the pictures and predictions.json')
    add_device(parser)
    parser.add_argument('--no-target-threshold', metavar='F.json',
                        help='take the threshold for "not in this image" from a file '
                        'of tools/analysis_tools/choose_threshold.py')
    parser.add_argument('--mask-parts', action='store_true',
                        help='take the connected parts of a predicted mask for targets '
                        'of their own')
    add_overwrite(parser)
    add_config_options(parser)
    args = parser.parse_args()
    if args.cfg_options and not args.config:
        parser.error('--cfg-options changes a config file: name it by --config')
    return args


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below


def outputs(args: argparse.Namespace) -> Iterator[Path]:
    """Yield the files to write; of the pictures only those that exist."""
    folder = Path(args.out_dir)
    yield folder / 'predictions.json'
    for number, image in enumerate(args.images):
        yield from folder.glob(
            f'{number:04d}_[0-9]*_{glob.escape(Path(image).stem)}.jpg')


def report(images: Sequence[str], predictions: Sequence[Sequence[dict]]) -> None:
    """Print a table of what was found."""
    rows = [('image', 'expression', 'score', 'x1 y1 x2 y2')]
    for image, found in zip(images, predictions):
        for item in found:
            start = (Path(image).name, item['text'])
            if item['no_target']:
                rows.append((*start, '-', 'not in this image'))
                continue
            for target in item.get('targets', [item]):  # several have a line each
                box = ' '.join(f'{value:.0f}' for value in target['bbox'])
                rows.append((*start, f'{target["score"]:.2f}', box))
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        cells = (f'{cell:{width}}' for cell, width in zip(row, widths))
        print('  '.join(cells).rstrip())


@one_line_errors
def main() -> None:
    """Ask every expression of every image."""
    args = parse_args()
    try:
        for image in args.images:
            if not Path(image).is_file():
                raise FileNotFoundError(f'image {image} does not exist')
        inputs = filter(None, [*args.images, args.config, args.checkpoint])
        check_outputs(outputs(args), inputs, overwrite=args.overwrite)
        from segvg.apis import GroundingInferencer  # slow: after the quick checks
        from segvg.apis.model_source import find_model
        source = find_model(args.config, args.checkpoint, args.cfg_options)
        if args.no_target_threshold:
            from segvg.evaluation.thresholds import use_threshold
            use_threshold(source.config, args.no_target_threshold, args.checkpoint)
        ground = GroundingInferencer(source, device=args.device,
                                     mask_parts=args.mask_parts,
                                     on_broken_image='skip')
        found = ground(args.images, args.texts, args.out_dir,
                       phrases=args.phrases)
    except KeyboardInterrupt:
        print(f'the answers so far are in {args.out_dir}', file=sys.stderr)
        raise
    except (OSError, ValueError, KeyError) as error:
        fail(error)
    report(args.images, found['predictions'])
    print(f'pictures and predictions.json are in {args.out_dir}')
    if ground.skipped:
        sys.exit(f'error: {len(ground.skipped)} of {len(args.images)} images have no '
                 f'answer: {"; ".join(ground.skipped.values())}')


if __name__ == '__main__':
    main()
