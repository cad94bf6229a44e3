"""Ground expressions in images: a picture of each answer and predictions.json.

python tools/infer.py street.jpg photos/ --text 'left man' 'the red car' \\
    --checkpoint work_dirs/segvg_refcoco/epoch_90.pth --out-dir found
"""
import argparse
import glob
import sys
from pathlib import Path
from typing import Iterator, Optional, Sequence

from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.utils.command_line import add_config_options, add_device, add_precision, fail
from segvg.utils.exits import one_line_errors


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('images', nargs='+', metavar='IMAGE', help='image files, '
                        'folders of images, patterns in quotes, addresses of http or '
                        'https, or a file .jsonl of lines {"image": ..., "text": ...}, '
                        'whose paths are relative to its folder')
    parser.add_argument('--text', nargs='+', action='extend', dest='texts',
                        metavar='TEXT', help='expressions, asked of every image that '
                        'has no text in a .jsonl file; can be repeated')
    parser.add_argument('--phrases', nargs='+', metavar='PHRASE',
                        help='parts of every --text, each found by itself in one pass; '
                        'for models of phrases (default: the noun phrases that spaCy '
                        'finds)')
    parser.add_argument('--spacy', default='en_core_web_sm', metavar='MODEL',
                        help='spaCy model that finds the noun phrases, by its name or '
                        'folder (default: %(default)s)')
    parser.add_argument('--config', metavar='FILE.py',
                        help='config file (default: the config in the checkpoint; '
                        'those that tools/train.py writes have it)')
    parser.add_argument('--checkpoint', metavar='FILE.pth', help='checkpoint file')
    parser.add_argument('--model', metavar='NAME', help='instead of a checkpoint: a '
                        'published model by name, fetched on first use (segvg download '
                        '--list), a folder of a model, or OWNER/NAME on the Hugging '
                        'Face hub')
    add_device(parser)
    add_precision(parser)
    parser.add_argument('--fold', action='store_true',
                        help='fold batch normalizations into convolutions and use '
                        'the memory format channels last: faster, and equal up to '
                        'rounding')
    parser.add_argument('--batch-size', type=int, default=1, metavar='N',
                        help='images, each with all its expressions, that are run at a '
                        'time (default: %(default)s)')
    parser.add_argument('--score-thr', type=float, metavar='S',
                        help='ignore predictions with a lower score (default: the '
                        'threshold of the config for models that answer with many '
                        'targets or none, 0 for others)')
    parser.add_argument('--no-target-threshold', metavar='F.json',
                        help='take the threshold for "not in this image" from a file '
                        'of tools/analysis_tools/choose_threshold.py')
    parser.add_argument('--mask-parts', action='store_true',
                        help='treat each connected part of a predicted mask as a '
                        'target')
    add_output_options(parser)
    add_config_options(parser)
    args = parser.parse_args()
    if bool(args.checkpoint) == bool(args.model):
        parser.error('name either a --checkpoint or a --model')
    if args.model and args.config:
        parser.error('--model brings its own config')
    if args.cfg_options and not args.config:
        parser.error('--cfg-options changes a config file: name it by --config')
    if not args.out_dir and not args.show:
        parser.error('give --out-dir DIR to write the answers, or --show to see them')
    return args


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say how answers are drawn and where they are written."""
    parser.add_argument('--out-dir', default='', metavar='DIR',
                        help='folder for the pictures and predictions.json')
    parser.add_argument('--together', action='store_true',
                        help='draw all answers about an image on one picture, in '
                        'numbered colors')
    parser.add_argument('--longest-side', type=int, metavar='PIXELS',
                        help='draw larger images smaller (default: 1600; 0: no limit)')
    parser.add_argument('--show', action='store_true',
                        help='show each picture in a window')
    parser.add_argument('--wait-time', type=float, default=0, metavar='SECONDS',
                        help='how long a window waits for a key (default: until one is '
                        'pressed)')
    add_overwrite(parser)


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

from segvg.apis.answers import ImageAnswers
from segvg.apis.inputs import (
    Question,
    check_any_readable,
    check_images,
    list_questions,
    path_of,
    picture_names,
)
from segvg.utils.text_table import text_table


def outputs(args: argparse.Namespace, questions: Sequence[Question]) -> Iterator[Path]:
    """Yield the files to write; of the pictures the first of each image."""
    if not args.out_dir:
        return
    folder = Path(args.out_dir)
    yield folder / 'predictions.json'
    for number, question in enumerate(questions):
        for together in (True, False):
            for name in picture_names(question.image, number, 1, together=together):
                yield folder / name


def report(questions: Sequence[Question], answers: Sequence[ImageAnswers]) -> None:
    """Print a table of what was found."""
    rows = [('image', 'expression', 'score', 'x1 y1 x2 y2')]
    for question, found in zip(questions, answers):
        for item in found:
            start = (Path(str(path_of(question.image))).name, item['text'])
            if item['no_target']:
                rows.append((*start, '-', 'not in this image'))
            for target in item.found:  # several have a line each
                box = ' '.join(f'{value:.0f}' for value in target['bbox'])
                rows.append((*start, f'{target["score"]:.2f}', box))
    print(text_table(rows))


def tell_files(args: argparse.Namespace, answers: Sequence[ImageAnswers],
               limit: Optional[int]) -> None:
    """Print where the files are, and whether pictures are smaller than the images."""
    if args.out_dir:
        print(f'pictures and predictions.json are in {args.out_dir}')
    reduced = sum(max(found.size) > limit for found in answers) if limit else 0
    if reduced:
        print(f'{reduced} images are drawn smaller, {limit} pixels on their longest '
              'side (--longest-side); boxes and masks are for the original size')


@one_line_errors
def main() -> None:
    """Ground every expression in every image."""
    args = parse_args()
    try:
        questions = list_questions(args.images, args.texts)
        check_images([path for path in args.images if not glob.has_magic(path)
                      and not Path(path).is_dir()])
        named = [path_of(question.image) for question in questions]
        check_outputs(outputs(args, questions),
                      filter(None, [*named, args.config, args.checkpoint]),
                      overwrite=args.overwrite)
        check_any_readable([question.image for question in questions])
        from segvg.apis import GroundingInferencer  # slow: after the quick checks
        from segvg.apis.model_source import find_model
        source = find_model(args.model or args.config, args.checkpoint,
                            args.cfg_options)
        if args.no_target_threshold:
            from segvg.evaluation.thresholds import use_threshold
            use_threshold(source.config, args.no_target_threshold,
                          str(source.weights))
        ground = GroundingInferencer(source, device=args.device,
                                     mask_parts=args.mask_parts,
                                     on_broken_image='skip',
                                     longest_side=args.longest_side,
                                     phrase_model=args.spacy, dtype=args.dtype,
                                     compiled=args.compile, folded=args.fold)
        found = ground(args.images, args.texts, args.out_dir, phrases=args.phrases,
                       batch_size=args.batch_size, score_thr=args.score_thr,
                       together=args.together, show=args.show,
                       wait_time=args.wait_time, show_progress=True)['predictions']
    except KeyboardInterrupt:
        if args.out_dir:
            print(f'the answers so far are in {args.out_dir}', file=sys.stderr)
        raise
    except (OSError, ValueError, KeyError) as error:
        fail(error)
    report(questions, found)
    tell_files(args, found, ground.visualizer.longest_side)
    if ground.skipped:
        sys.exit(f'error: {len(ground.skipped)} of {len(questions)} images have no '
                 f'answer: {"; ".join(ground.skipped.values())}')


if __name__ == '__main__':
    main()
