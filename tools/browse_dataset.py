"""Draw samples of a data set as they leave the pipeline: image, text, boxes, masks.

python tools/browse_dataset.py configs/segvg/segvg_refcoco.py --out-dir pictures

A canonical file instead of a config is drawn as it is, before any pipeline:

python tools/browse_dataset.py data/annotations/refcoco_unc_val.jsonl \\
    --images data/coco/train2014 --out-dir pictures
"""
import argparse
import sys
from pathlib import Path
from typing import Iterator

from segvg.annotations.outputs import add_overwrite, check_output
from segvg.utils.command_line import add_config_options, fail
from segvg.utils.exits import one_line_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config', help='config file, or a canonical .jsonl file')
    parser.add_argument('--images', default='', metavar='DIR',
                        help='folder of the images of a .jsonl file')
    parser.add_argument('--apply-orientation', action='store_true',
                        help='turn the images of a .jsonl file as their camera says '
                        '(EXIF), where boxes were drawn on upright pictures')
    parser.add_argument('--out-dir', '--output-dir', type=Path, metavar='DIR',
                        help="folder for the pictures; --output-dir is mmdetection's "
                        'name for it')
    parser.add_argument('--split', default='train', choices=('train', 'val', 'test'),
                        help='whose pipeline and data set (default: %(default)s)')
    parser.add_argument('--number', type=int, default=20, metavar='N',
                        help='samples to draw, spread over the data set (default: '
                        '%(default)s)')
    parser.add_argument('--not-show', action='store_true', help='open no window')
    parser.add_argument('--show-interval', type=float, default=0, metavar='SECONDS',
                        help='time a picture stays; 0 (the default): until a key is '
                        'pressed')
    add_overwrite(parser)
    add_config_options(parser)
    args = parser.parse_args()
    if args.not_show and args.out_dir is None:
        parser.error('--not-show without --out-dir: the pictures would go nowhere')
    return args


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

import numpy as np
from mmengine.registry import init_default_scope
from torch import Tensor

from segvg.datasets import GroundingDataset
from segvg.engine.launch import load_config
from segvg.registry import DATASETS
from segvg.structures import GroundingDataSample
from segvg.structures.images import BrokenImageError
from segvg.visualization import GroundingVisualizer, draw_record
from segvg.visualization.drawing import save_picture

PADDING = (124, 116, 104)  # the mean colour of ImageNet, 0 after normalisation


def paste(inputs: Tensor, sample: GroundingDataSample) -> np.ndarray:
    """Return the canvas (H, W, 3) uint8 with the image (3, h, w) where it will lie."""
    image = inputs.permute(1, 2, 0).numpy()
    left, top = sample.paste_offset
    canvas = np.full((*sample.canvas_shape, 3), PADDING, dtype=np.uint8)
    canvas[top:top + image.shape[0], left:left + image.shape[1]] = image
    return canvas


def draw_order(total: int, number: int) -> Iterator[int]:
    """Yield at most ``number`` indices spread evenly over ``total``."""
    number = min(total, number)
    return (index * total // number for index in range(number))


def picture_path(args: argparse.Namespace, name: str, image: str) -> Path:
    """Return the file of a picture, which must not be an image that is drawn."""
    path = args.out_dir / f'{name}.jpg'
    check_output(path, [Path(image)], overwrite=args.overwrite)
    return path


def browse_file(args: argparse.Namespace, visualizer: GroundingVisualizer) -> int:
    """Draw records of a canonical file; return the number of broken images."""
    broken = 0
    dataset = GroundingDataset(ann_file=args.config, sample_by='image',
                               data_prefix=dict(img=args.images))
    for index in draw_order(len(dataset), args.number):
        record = dataset.get_data_info(index)
        try:
            pictures = list(draw_record(
                record, apply_orientation=args.apply_orientation))
        except BrokenImageError as error:
            print(f'left out: {error}', file=sys.stderr)
            broken += 1
            continue
        for number, picture in enumerate(pictures):
            name = f'{index:06d}_{number}_{Path(record["img_path"]).stem}'
            if args.out_dir:
                save_picture(picture_path(args, name, record['img_path']), picture)
            if not args.not_show:
                visualizer.show(picture, win_name=name, wait_time=args.show_interval)
    return broken


def browse_config(args: argparse.Namespace, visualizer: GroundingVisualizer) -> int:
    """Draw samples as they leave the pipeline; return the number of broken images."""
    broken = 0
    cfg = load_config(args)
    init_default_scope('segvg')
    dataset = DATASETS.build(cfg[f'{args.split}_dataloader'].dataset)
    for index in draw_order(len(dataset), args.number):
        try:
            packed = dataset[index]
        except BrokenImageError as error:
            print(f'left out: {error}', file=sys.stderr)
            broken += 1
            continue
        for number, sample in enumerate(packed['data_samples']):
            name = f'{index:06d}_{number}_{Path(sample.img_path).stem}'
            out_file = args.out_dir and picture_path(args, name, sample.img_path)
            visualizer.add_datasample(
                name, paste(packed['inputs'], sample), sample, show=not args.not_show,
                wait_time=args.show_interval, out_file=out_file, frame='canvas')
    return broken


@one_line_errors
def main() -> None:
    """Draw what was asked for."""
    args = parse_args()
    draw = browse_file if args.config.endswith('.jsonl') else browse_config
    try:
        broken = draw(args, GroundingVisualizer())
    except (OSError, ValueError) as error:
        fail(error)
    if args.out_dir:
        print(f'pictures are in {args.out_dir}')
    if broken:
        sys.exit(f'error: {broken} images could not be drawn')


if __name__ == '__main__':
    main()
