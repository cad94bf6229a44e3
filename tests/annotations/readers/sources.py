"""Small source files for the tests of readers."""
import json
import pickle
from pathlib import Path

import torch
from PIL import Image

from segvg.annotations.checks import Check, Report
from segvg.annotations.readers import READERS, ReadOptions

COCO_FILE = 'COCO_train2014_000000000101.jpg'


def sentence(sent_id=30, raw='left man', **changes):
    """A sentence of a ref."""
    record = {'raw': raw, 'sent': raw, 'sent_id': sent_id, **changes}
    return {'tokens': str(record['sent']).split(), **record}


def ref(ref_id=1, ann_id=7001, image_id=101, sentences=None, **changes):
    """A ref; its sentence ids follow its own id, so that refs do not share them."""
    sentences = [sentence(ref_id * 10)] if sentences is None else sentences
    return {'ref_id': ref_id, 'ann_id': ann_id, 'image_id': image_id, 'category_id': 1,
            'split': 'val', 'sentences': sentences, **changes}


def image(image_id=101, **changes):
    """An image of 64 x 48 pixels."""
    return {'id': image_id, 'width': 64, 'height': 48,
            'file_name': f'COCO_train2014_{image_id:012d}.jpg', **changes}


def annotation(ann_id=7001, image_id=101, **changes):
    """A box of 20 x 30 pixels and the same as a polygon."""
    return {'id': ann_id, 'image_id': image_id, 'category_id': 1, 'iscrowd': 0,
            'bbox': [4.0, 4.0, 20.0, 30.0], 'area': 600.0,
            'segmentation': [[4, 4, 24, 4, 24, 34, 4, 34]], **changes}


def write_refer(folder: Path, refs, images=None, annotations=None,
                partition='unc') -> Path:
    """Write a REFER folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f'refs({partition}).p').write_bytes(pickle.dumps(refs, protocol=2))
    content = dict(images=[image()] if images is None else images,
                   annotations=[annotation()] if annotations is None else annotations,
                   categories=[dict(id=1, name='person'), dict(id=3, name='car')])
    (folder / 'instances.json').write_text(json.dumps(content))
    return folder


def write_pth(path: Path, rows) -> Path:
    """Write a list of rows with ``torch.save``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(rows, path)
    return path


def write_json(path: Path, content) -> Path:
    """Write a JSON file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def write_image(path: Path, width=64, height=48) -> Path:
    """Write a grey image."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new('RGB', (width, height), 'grey').save(path)
    return path


def read(source_format, source, **options):
    """Lines and findings of a source, with all checks."""
    options = ReadOptions(**{'check': Check.FULL, **options})
    report, lines = Report(), []
    for found in READERS[source_format]([source], options):
        lines += found.lines(report, options)
    return lines, report.findings


def brief(findings):
    """Code, file, place and action of each finding."""
    return [(found.code, found.file, found.at, found.action) for found in findings]


def exprs_of(lines):
    """All expressions of some lines."""
    return [expr for line in lines for expr in line['exprs']]
