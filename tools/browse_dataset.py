"""Draw samples of a data set as they leave the pipeline: image, text, boxes, masks.

python tools/browse_dataset.py configs/segvg/segvg_refcoco.py --out-dir pictures

A canonical file instead of a config is drawn as it is, before any pipeline:

python tools/browse_dataset.py data/annotations/refcoco_unc_val.jsonl \\
    --images data/coco/train2014 --out-dir pictures

``--page FILE.html`` writes one page with all of them instead of, or beside, pictures.
"""
import argparse
import sys
from pathlib import Path

from segvg.annotations.outputs import add_overwrite, check_output
from segvg.utils.command_line import add_config_options, fail
from segvg.utils.exits import one_line_errors
from segvg.utils.files import write_whole


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
    parser.add_argument('--page', type=Path, metavar='F.html', help='one page with all '
                        'pictures, which needs no other file; no window is opened')
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
    args.not_show = args.not_show or args.page is not None
    if args.not_show and args.out_dir is None and args.page is None:
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
from segvg.utils.spread import spread
from segvg.visualization import GroundingVisualizer, compose_record
from segvg.visualization.drawing import Drawing, draw_picture, save_picture
from segvg.visualization.pages import LEGEND, Figure, figure_of, render_page

PADDING = (124, 116, 104)  # the mean color of ImageNet, 0 after normalization


def paste(inputs: Tensor, sample: GroundingDataSample) -> np.ndarray:
    """Return the canvas (H, W, 3) uint8 with the image (3, h, w) where it will lie."""
    image = inputs.permute(1, 2, 0).numpy()
    left, top = sample.paste_offset
    canvas = np.full((*sample.canvas_shape, 3), PADDING, dtype=np.uint8)
    canvas[top:top + image.shape[0], left:left + image.shape[1]] = image
    return canvas


class Output:
    """Where drawings go: windows, files, a page."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.visualizer = GroundingVisualizer()
        self.figures: list[Figure] = []
        self.broken = 0

    def add(self, drawing: Drawing, name: str, image: str) -> None:
        """Show and write a drawing of an image, the path of which is given."""
        args = self.args
        if args.page:
            self.figures.append(figure_of(drawing))
        if args.not_show and not args.out_dir:
            return
        picture = draw_picture(drawing.image, drawing.text, drawing.layers,
                               notes=drawing.notes, heat=drawing.heat)
        if args.out_dir:
            path = args.out_dir / f'{name}.jpg'
            # it must not be an image that is drawn
            check_output(path, [Path(image)], overwrite=args.overwrite)
            save_picture(path, picture)
        if not args.not_show:
            self.visualizer.show(picture, win_name=name, wait_time=args.show_interval)

    def leave_out(self, error: BrokenImageError) -> None:
        """Say that an image cannot be drawn."""
        print(f'left out: {error}', file=sys.stderr)
        self.broken += 1

    def write_page(self) -> None:
        """Write the page."""
        args = self.args
        count = f'{len(self.figures)} expressions'
        if self.broken:
            count += f'; {self.broken} images could not be drawn'
        frame = ('as annotated' if args.config.endswith('.jsonl') else
                 f'as they leave the pipeline of {args.split}')
        write_whole(args.page, render_page(
            'browse.html', title=Path(args.config).name, summary=f'{count}, {frame}.',
            legend=LEGEND[:1], figures=self.figures))


def browse_file(args: argparse.Namespace, output: Output) -> None:
    """Draw records of a canonical file."""
    dataset = GroundingDataset(ann_file=args.config, sample_by='image',
                               data_prefix=dict(img=args.images))
    for index in spread(range(len(dataset)), args.number):
        record = dataset.get_data_info(index)
        try:
            drawings = list(compose_record(
                record, apply_orientation=args.apply_orientation))
        except BrokenImageError as error:
            output.leave_out(error)
            continue
        for number, drawing in enumerate(drawings):
            name = f'{index:06d}_{number}_{Path(record["img_path"]).stem}'
            output.add(drawing, name, record['img_path'])


def browse_config(args: argparse.Namespace, output: Output) -> None:
    """Draw samples as they leave the pipeline."""
    cfg = load_config(args)
    init_default_scope('segvg')
    dataset = DATASETS.build(cfg[f'{args.split}_dataloader'].dataset)
    for index in spread(range(len(dataset)), args.number):
        try:
            packed = dataset[index]
        except BrokenImageError as error:
            output.leave_out(error)
            continue
        for number, sample in enumerate(packed['data_samples']):
            name = f'{index:06d}_{number}_{Path(sample.img_path).stem}'
            drawing = output.visualizer.compose(
                paste(packed['inputs'], sample), sample, frame='canvas')
            output.add(drawing, name, sample.img_path)


@one_line_errors
def main() -> None:
    """Draw what was asked for."""
    args = parse_args()
    draw = browse_file if args.config.endswith('.jsonl') else browse_config
    if args.page:
        check_output(args.page, [Path(args.config)], overwrite=args.overwrite)
    output = Output(args)
    try:
        draw(args, output)
    except (OSError, ValueError) as error:
        fail(error)
    if args.out_dir:
        print(f'pictures are in {args.out_dir}')
    if args.page:
        output.write_page()
        print(f'the page is {args.page}')
    if output.broken:
        sys.exit(f'error: {output.broken} images could not be drawn')


if __name__ == '__main__':
    main()
