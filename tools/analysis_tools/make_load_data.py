"""Write annotation files of the size of real ones, to measure loading.

python tools/analysis_tools/make_load_data.py --size refcoco --out data/load_test

``refcoco``: 20,000 images, 150,000 expressions, a polygon of 20 to 60 points for every
object. ``vg``: 108,077 images, 5.4 million regions, no masks. All lines name one image
of 640 x 480. ``benchmark.py CONFIG --what load`` measures; the line that this prints
says how.
"""
import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from segvg.annotations.canonical import CanonicalWriter
from segvg.annotations.outputs import add_overwrite, check_outputs
from segvg.utils.exits import one_line_errors

WIDTH, HEIGHT = 640, 480
WORDS = ('left man woman red blue shirt on the in front of table second from right '
         'with hat dog standing near bus window big small white cup').split()


class Size(NamedTuple):
    """Number of images, expressions and points; ranges are half-open."""

    images: int
    objects: tuple[int, int]
    texts: tuple[int, int]
    masks: bool


SIZES = dict(refcoco=Size(20_000, (1, 6), (2, 4), True),
             vg=Size(108_077, (30, 71), (1, 2), False))


def make_line(number: int, size: Size, random: np.random.Generator) -> dict:
    """Return a group line."""
    count = int(random.integers(*size.objects))
    corner = random.uniform(0, (WIDTH / 2, HEIGHT / 2), (count, 2))
    extent = random.uniform(10, (WIDTH / 2, HEIGHT / 2), (count, 2))
    bboxes = np.concatenate([corner, corner + extent], axis=1).round(2)
    instances, exprs = [], []
    for place, bbox in enumerate(bboxes.tolist()):
        ref_id = number * size.objects[1] + place
        instances.append(dict(id=ref_id, bbox=bbox, category_id=1))
        if size.masks:
            instances[-1]['segm'] = {'poly': [make_polygon(bbox, random)]}
        for _ in range(random.integers(*size.texts)):
            words = random.integers(0, len(WORDS), random.integers(2, 8))
            exprs.append(dict(id=len(exprs), ref_id=ref_id, targets=[place],
                              text=' '.join(WORDS[i] for i in words)))
    image = dict(id=f'file:{number}', file='image.jpg', width=WIDTH, height=HEIGHT)
    return dict(image=image, split='train', instances=instances, exprs=exprs)


def make_polygon(bbox: list[float], random: np.random.Generator) -> list[float]:
    """Return an ellipse in a box, with as many points as hand-drawn polygons."""
    angles = np.linspace(0, 2 * np.pi, int(random.integers(20, 61)), endpoint=False)
    x1, y1, x2, y2 = bbox
    x = (x1 + x2) / 2 + (x2 - x1) / 2 * np.cos(angles)
    y = (y1 + y2) / 2 + (y2 - y1) / 2 * np.sin(angles)
    return np.stack([x, y], axis=1).round(2).ravel().tolist()


@one_line_errors
def main() -> None:
    """Write image and annotations."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--size', required=True, choices=list(SIZES),
                        help='data set whose size is imitated')
    parser.add_argument('--out', type=Path, required=True, metavar='DIR',
                        help='folder for the new files')
    add_overwrite(parser)
    args = parser.parse_args()
    size, random = SIZES[args.size], np.random.default_rng(0)
    path = args.out / f'{args.size}_train.jsonl'
    check_outputs([args.out / 'image.jpg', path], overwrite=args.overwrite)
    args.out.mkdir(parents=True, exist_ok=True)
    coarse = random.integers(0, 256, (30, 40, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    image.save(args.out / 'image.jpg', quality=90)
    with CanonicalWriter(args.out, args.size, {}) as writer:
        for number in range(size.images):
            writer.write(make_line(number, size, random))
    print(f'{path}: {path.stat().st_size / 2**20:.0f} MiB\npython tools/analysis_tools/'
          'benchmark.py CONFIG --what load --iters 200 --cfg-options '
          f'train_dataloader.dataset.data_root={args.out} '
          f'train_dataloader.dataset.ann_file={path.name} '
          "train_dataloader.dataset.data_prefix.img=''")


if __name__ == '__main__':
    main()
