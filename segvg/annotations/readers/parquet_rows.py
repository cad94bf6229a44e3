"""Rows of the parquet copies of RefCOCO and of Ref-L4, in one form."""
import io
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import NamedTuple, Optional

from PIL import Image

from segvg.annotations.checks import Place, Report
from segvg.annotations.readers.base import SourceObject
from segvg.annotations.readers.field_checks import (
    is_box,
    is_finite,
    is_flag,
    is_id,
    is_int,
    is_list,
    is_size,
    is_text,
    other_fields,
    read_fields,
)
from segvg.annotations.readers.images import image_name
from segvg.annotations.readers.objects import Errors

Size = tuple[int, int]


class RowText(NamedTuple):
    """A text of a ref, of any type still; ``id`` is that of the expression."""

    id: object
    text: object
    place: Place


@dataclass
class RowRef:
    """A ref of a row: an object and its texts.

    Attributes:
        ref_id: its id; it may repeat when ``shares_id``.
        object: the object; its id is that of the annotation, None when there is none.
        place: where it stands.
        errors: what skips it.
        texts: its texts; those of REFER are in ``sentences`` instead.
        extra: other fields, for all its expressions.
    """

    ref_id: object
    object: Optional[SourceObject]
    place: Place
    errors: Errors = field(default_factory=list)
    texts: list[RowText] = field(default_factory=list)
    sentences: Optional[list] = None
    extra: dict = field(default_factory=dict)
    shares_id: bool = False


@dataclass
class Row:
    """What a row says.

    Attributes:
        file: name of the image; None when it cannot be told.
        number: of the image, when the row gives it.
        namespace: of the number, unless the name is one of COCO's.
        size: width and height as annotated.
        encoded: the same of the image in the row.
        split: as the row gives it.
        refs: its refs.
        errors: what skips all of them.
    """

    file: Optional[str] = None
    number: Optional[int] = None
    namespace: str = 'file'
    size: Optional[Size] = None
    encoded: Optional[Size] = None
    split: object = None
    refs: list[RowRef] = field(default_factory=list)
    errors: Errors = field(default_factory=list)


LMMS_REQUIRED = dict(question_id=is_id, answer=is_list,
                     bbox=is_box, file_name=is_text)
LMMS_OPTIONAL = dict(iscrowd=is_flag)
REFCOCO_M_REQUIRED = dict(image_id=is_int, file_name=is_text,
                          samples=is_list)
SAMPLE_REQUIRED = dict(id=is_int, sentences=is_list, bbox=is_box)
SAMPLE_OPTIONAL = dict(image_id=is_int, mask=lambda value: isinstance(
    value, dict))
REF_L4_REQUIRED = dict(id=is_id, caption=is_text, bbox=is_box,
                       bbox_id=is_id, image_id=is_text,
                       height=is_size, width=is_size,
                       file_name=is_text)
REF_L4_OPTIONAL = dict(bbox_area=is_finite, ori_category_id=is_id)


def corners(box: list) -> list[float]:
    """Half-open corners of x, y, w, h."""
    x, y, w, h = map(float, box)
    return [x, y, x + w, y + h]


def known(row: dict, *optional: dict) -> dict:
    """A row without optional fields that are null."""
    names = {name for part in optional for name in part}
    return {name: value for name, value in row.items()
            if value is not None or name not in names}


def encoded_size(row: dict, report: Report, place: Place) -> Optional[Size]:
    """Width and height of the image that a row holds, from its header."""
    image = row.get('image')
    data = image.get('bytes') if isinstance(image, dict) else image
    if data is None:
        return None
    try:
        with Image.open(io.BytesIO(data)) as opened:
            return opened.size
    except Exception as error:  # of a decoder, on bytes of any kind
        report.add('bad_type', place.child('.image'),
                   value=f'no image ({type(error).__name__})')
        return None


def parse_lmms(row: dict, place: Place, report: Report) -> Row:
    """A ref with its captions in ``answer`` and one flat polygon."""
    record, errors = read_fields(known(row, LMMS_OPTIONAL), LMMS_REQUIRED,
                                 LMMS_OPTIONAL, report, place)
    file = record.get('file_name')
    ref = RowRef(record.get('question_id'), None, place)
    if 'bbox' in record:
        has_suffix = file is not None and image_name(file) != file
        ann_id = PurePosixPath(file).stem.rpartition('_')[2] if has_suffix else None
        ref.object = SourceObject(
            ann_id, corners(record['bbox']), place, segm=row.get('segmentation'),
            iscrowd=int(record.get('iscrowd', 0)))
    ref.texts = _texts(ref.ref_id, record.get('answer', []), place.child('.answer'))
    if record.get('answer') == []:
        errors.append(('ref_without_sentences', ''))
    return Row(file, encoded=encoded_size(row, report, place), refs=[ref],
               errors=errors)


def parse_refcoco_m(row: dict, place: Place, report: Report) -> Row:
    """An image with samples: objects, their masks and sentences."""
    record, errors = read_fields(row, REFCOCO_M_REQUIRED, {}, report, place)
    found = Row(record.get('file_name'), record.get('image_id'),
                encoded=encoded_size(row, report, place), errors=errors)
    for number, sample in enumerate(record.get('samples', ())):
        where = place.child(f'.samples[{number}]')
        if isinstance(sample, dict):
            sample = known(sample, SAMPLE_OPTIONAL)
        found.refs.append(_parse_sample(sample, record.get('image_id'), where, report))
    if not found.refs and 'samples' in record:
        report.add('image_without_expressions', place)
    return found


def _parse_sample(sample: object, image_id: Optional[int], place: Place,
                  report: Report) -> RowRef:
    record, errors = read_fields(sample, SAMPLE_REQUIRED, SAMPLE_OPTIONAL, report,
                                 place)
    if record.get('image_id', image_id) != image_id:
        errors.append(('ann_image_mismatch',
                       f'a sample of image {record["image_id"]}'))
    if record.get('sentences') == []:
        errors.append(('ref_without_sentences', ''))
    ref = RowRef(record.get('id'), None, place, errors)
    if 'bbox' in record:
        ref.object = SourceObject(ref.ref_id, corners(record['bbox']), place,
                                  segm=record.get('mask'))
    ref.texts = _texts(ref.ref_id, record.get('sentences', []),
                       place.child('.sentences'))
    if isinstance(sample, dict):
        ref.extra = other_fields(sample, SAMPLE_REQUIRED, SAMPLE_OPTIONAL)
    return ref


def parse_ref_l4(row: dict, place: Place, report: Report) -> Row:
    """A caption with its box; several captions share a box and its id."""
    row = known(row, REF_L4_OPTIONAL)
    if 'id' not in row and 'ann_id' in row:  # its name in an earlier revision
        row['id'] = row.pop('ann_id')
    record, errors = read_fields(row, REF_L4_REQUIRED, REF_L4_OPTIONAL, report, place)
    namespace, _, number = record.get('image_id', '').rpartition('_')
    found = Row(record.get('file_name'), namespace=namespace or 'file',
                split=row.get('split'), errors=errors)
    if number.isascii() and number.isdigit() and len(number) < 19:
        found.number = int(number)
    if {'width', 'height'} <= record.keys():
        found.size = (record['width'], record['height'])
    ref = RowRef(record.get('bbox_id'), None, place, shares_id=True)
    if 'bbox' in record:
        ref.object = SourceObject(
            ref.ref_id, corners(record['bbox']), place, has_mask=False,
            category_id=record.get('ori_category_id'), area=record.get('bbox_area'),
            size=(float(record['bbox'][2]), float(record['bbox'][3])))
    if 'caption' in record:
        ref.texts = [RowText(record.get('id'), record['caption'], place)]
    ref.extra = other_fields(row, REF_L4_REQUIRED, REF_L4_OPTIONAL,
                                    dict(split=None))
    found.refs.append(ref)
    return found


def _texts(ref_id: object, texts: list, place: Place) -> list[RowText]:
    return [RowText(f'{ref_id}#{number}', text, place.child(f'[{number}]'))
            for number, text in enumerate(texts)]
