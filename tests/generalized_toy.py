"""Toy data of generalized grounding: an expression with two targets, one, or none."""
import json
from pathlib import Path

from segvg.annotations.canonical import CanonicalWriter
from tests.toy import make_data


def make_generalized_data(root: Path, images: int = 4,
                          splits: tuple = ('train', 'val', 'testA')) -> Path:
    """Write what ``tests.toy.make_data`` does; of the three expressions of an image one
    has a target, one both, and one none. Returns the folder."""
    make_data(root, images, splits)
    lines = {split: [json.loads(line) for line in
                     (root / f'toy_{split}.jsonl').read_text().splitlines()]
             for split in splits}
    with CanonicalWriter(root, 'toy', dict(dataset='toy')) as writer:
        for split in splits:
            for line in lines[split]:
                line['exprs'][1].update(text='box', targets=[0, 1])
                line['exprs'][2].update(text='the box left the box', targets=[])
                writer.write(line)
    return root
