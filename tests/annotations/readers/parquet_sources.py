"""Rows of the parquet copies, and files that hold them."""
import io
import json
from contextlib import contextmanager

import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers import parquet
from tests.annotations.readers.sources import COCO_FILE, brief, read, sentence

POLYGON = [4., 4., 24., 4., 24., 34., 4., 34.]
FLIPPED = 'COCO_train2014_000000000101_7001.jpg'
NAN = float('nan')
NO_MASK = dict(counts='PP', size=[48, 64])


def encoded(width=64, height=48):
    stream = io.BytesIO()
    Image.new('RGB', (width, height)).save(stream, 'JPEG')
    return dict(bytes=stream.getvalue(), path='a.jpg')


def lmms(number=0, answer=('left man',), **changes):
    return {'question_id': str(number), 'image': encoded(), 'question': 'what',
            'answer': list(answer), 'segmentation': POLYGON, 'bbox': [4., 4., 20., 30.],
            'iscrowd': 0, 'file_name': FLIPPED, **changes}


def ann(**changes):
    return {'segmentation': [POLYGON], 'area': 600, 'iscrowd': 0, 'image_id': 101,
            'bbox': [4, 4, 20, 30], 'category_id': 1, 'id': 7001, **changes}


def info(**changes):
    return {'file_name': COCO_FILE, 'height': 48, 'width': 64, 'id': 101, **changes}


def jxu(ref_id=0, sentences=None, raw_anns=None, raw_image_info=None, **changes):
    sentences = [sentence(ref_id * 10)] if sentences is None else sentences
    return {'sent_ids': [one['sent_id'] for one in sentences], 'file_name': FLIPPED,
            'ann_id': 7001, 'ref_id': ref_id, 'image_id': 101, 'split': 'val',
            'sentences': sentences, 'category_id': 1,
            'raw_anns': json.dumps(raw_anns or ann()),
            'raw_image_info': json.dumps(raw_image_info or info()),
            'bbox': [4., 4., 24., 34.], 'captions': ['left man'], **changes}


def sample(number=7001, sentences=('left man',), **changes):
    return {'id': number, 'image_id': 101, 'category': 'person', 'label': 'person',
            'sentences': list(sentences), 'bbox': [4., 4., 20., 30.],
            'mask': {'counts': 'T6n0b0000000VOBb0>^OBb0>^OBb0>^OBb0>80000000000000000'
                     '000000lk1', 'size': [48, 64]}, **changes}


def refcoco_m(*samples, **changes):
    return {'image': encoded(), 'image_id': 101, 'file_name': COCO_FILE,
            'samples': list(samples), **changes}


def ref_l4(number=1, caption='The man at the left.', **changes):
    return {'id': number, 'caption': caption, 'bbox': [4., 4., 20., 30.],
            'bbox_area': 600., 'bbox_id': 'coco_7001', 'ori_category_id': 'refcoco_1',
            'image_id': 'coco_101', 'height': 48, 'width': 64, 'file_name': COCO_FILE,
            'is_rewrite': False, 'split': 'val', **changes}


def hc_refloco(number='0000000', caption='The person at the left.', **changes):
    return {'id': number, 'source_dataset': 'coco2017', 'source_dataset_split': 'val',
            'file_name': '000000000101.jpg', 'width': 64, 'height': 48,
            'bbox': [4., 4., 20., 30.], 'bbox_area': 600., 'caption': caption,
            'labels': [{'category': 'Appearance', 'label': 0, 'location': [0, 10]}],
            'is_rewrite': False, 'split': 'val', **changes}


def ref_adv(caption='the man who does not hold a ball', **changes):
    return {'image': encoded(), 'file_name': '000000000101.jpg', 'width': 64,
            'height': 48, 'normal_caption': caption, 'solution': [4., 4., 24., 34.],
            'image_source': 'COCO', 'human_authored': True, 'use_negation': True,
            'distractors': '[1, 2]', **changes}


def write(root, rows, file='lmms_RefCOCO/data/val-00000-of-00001.parquet'):
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return path


@contextmanager
def in_this_process():
    """Read parquet files here: a process for each of a hundred files takes a minute.

    What cannot be read is the one error, as it is from the process.
    """
    def told(path, read):
        try:
            return read(path)
        except Exception as error:
            raise AnnotationFileError(path, f'cannot be read ({error})') from None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, 'column_names',
                      lambda path: told(path, pyarrow.parquet.read_schema).names)
        patch.setattr(parquet, 'iter_rows', lambda path: iter(
            told(path, lambda file: pyarrow.parquet.read_table(file).to_pylist())))
        yield


def read_rows(root, rows, file='lmms_RefCOCO/data/val-00000-of-00001.parquet',
              **options):
    write(root, rows, file)
    with in_this_process():
        lines, findings = read('hf_parquet', root, **options)
    assert all(found.file == file for found in findings)
    return lines, [(code, at, action) for code, _, at, action in brief(findings)]


JXU = 'jxu124_refcoco/data/validation-00000-of-00001.parquet'
REFCOCO_M = 'refcoco_m/data/validation-00000-of-00001.parquet'
REF_L4 = 'Ref-L4/ref-l4-val.parquet'
HC_REFLOCO = 'HC-RefLoCo/hc_refloco_val.parquet'
REF_ADV = 'ref-adv-s/data/train-00000-of-00001.parquet'
