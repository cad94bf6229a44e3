"""Rows of parquet files of every kind, in one form."""
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, NamedTuple, Optional

from PIL import Image

from segvg.annotations.checks import Place
from segvg.annotations.files.json_values import parse_json
from segvg.annotations.readers.base import NOTHING, Context, Errors, SourceObject
from segvg.annotations.readers.field_checks import (
    Fields,
    Test,
    is_anything,
    is_box,
    is_finite,
    is_flag,
    is_id,
    is_int,
    is_list,
    is_record,
    is_size,
    is_text,
    other_fields,
    show,
)
from segvg.annotations.readers.images import coco_name, image_name
from segvg.annotations.readers.objects import BORDER_TOLERANCE, corners
from segvg.annotations.readers.refer import compare_file_name, compare_sent_ids
from segvg.structures.images import FORMATS

Size = tuple[int, int]

IMAGE = 'image'  # column of the content of the image file

LMMS_REQUIRED = Fields(question_id=is_id, answer=is_list, bbox=is_box,
                       file_name=is_text)
LMMS_OPTIONAL = Fields(iscrowd=is_flag)
REFCOCO_M_REQUIRED = Fields(image_id=is_int, file_name=is_text, samples=is_list)
SAMPLE_REQUIRED = Fields(id=is_int, sentences=is_list, bbox=is_box)
SAMPLE_OPTIONAL = Fields(image_id=is_int, mask=is_record)
REF_L4_REQUIRED = Fields(id=is_id, caption=is_text, bbox=is_box, bbox_id=is_id,
                         image_id=is_text, height=is_size, width=is_size,
                         file_name=is_text)
REF_L4_OPTIONAL = Fields(bbox_area=is_finite, ori_category_id=is_id)
HC_REFLOCO_REQUIRED = Fields(id=is_id, caption=is_text, bbox=is_box, file_name=is_text,
                             width=is_size, height=is_size)
HC_REFLOCO_OPTIONAL = Fields(bbox_area=is_finite)
REF_ADV_REQUIRED = Fields(normal_caption=is_text, solution=is_box, file_name=is_text,
                          width=is_size, height=is_size)
REF_REQUIRED = Fields(ref_id=is_int, ann_id=is_int, image_id=is_int, sentences=is_list,
                      raw_anns=is_anything)
REF_OPTIONAL = Fields(split=is_text, file_name=is_text, sent_ids=is_list,
                      category_id=is_int, bbox=is_box, raw_image_info=is_anything)
ANN_REQUIRED = Fields(bbox=is_box)
ANN_OPTIONAL = Fields(id=is_int, image_id=is_int, category_id=is_int, iscrowd=is_flag,
                      area=is_finite)
IMAGE_OPTIONAL = Fields(id=is_int, file_name=is_text, width=is_size, height=is_size)


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
        place: where it stands.
        object: the object; its id is that of the annotation, None when there is none.
        errors: what skips it.
        texts: its texts, None when they are not known.
        sentences: the same in the form of REFER, instead of ``texts``.
        extra: other fields, for all its expressions.
        part: of the data set, which its expressions belong to; None: its kind.
    """

    ref_id: object
    place: Place
    object: Optional[SourceObject] = None
    errors: Errors = field(default_factory=list)
    texts: Optional[list[RowText]] = None
    sentences: Optional[list] = None
    extra: dict = field(default_factory=dict)
    shares_id: bool = False
    part: Optional[str] = None


@dataclass
class Row:
    """What a row says.

    Attributes:
        file: name of the image; None when it is not known.
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


def parse_lmms(ctx: Context, row: dict) -> Row:
    """A ref with its captions in ``answer`` and one flat polygon."""
    record, errors = _fields(ctx, row, LMMS_REQUIRED, LMMS_OPTIONAL)
    file = record.get('file_name')
    ref = RowRef(record.get('question_id'), ctx.place)
    if 'bbox' in record:
        ann_id = None
        if file is not None and image_name(file) != file:
            ann_id = PurePosixPath(file).stem.rpartition('_')[2]
        ref.object = SourceObject(ann_id, corners(record['bbox']),
                                  segm=row.get('segmentation'),
                                  iscrowd=int(record.get('iscrowd', 0)))
    ref.texts = _texts(ctx.at('.answer'), ref.ref_id, record.get('answer'))
    return Row(file, encoded=_encoded_size(ctx, row), refs=[ref], errors=errors)


def parse_refcoco_m(ctx: Context, row: dict) -> Row:
    """An image with samples: objects, their masks and sentences."""
    record, errors = ctx.fields(row, REFCOCO_M_REQUIRED)
    image_id = record.get('image_id')
    found = Row(record.get('file_name'), image_id, encoded=_encoded_size(ctx, row),
                errors=errors)
    for number, sample in enumerate(record.get('samples', ())):
        found.refs.append(_parse_sample(ctx.at(f'.samples[{number}]'), sample,
                                        image_id))
    if not found.refs and 'samples' in record:
        ctx.note('image_without_expressions')
    return found


def _parse_sample(ctx: Context, sample: object, image_id: Optional[int]) -> RowRef:
    record, errors = _fields(ctx, sample, SAMPLE_REQUIRED, SAMPLE_OPTIONAL)
    if record.get('image_id', image_id) != image_id:
        errors.append(('ann_image_mismatch',
                       f'a sample of image {record["image_id"]}'))
    ref = RowRef(record.get('id'), ctx.place, errors=errors)
    if 'bbox' in record:
        ref.object = SourceObject(ref.ref_id, corners(record['bbox']),
                                  segm=record.get('mask'))
    ref.texts = _texts(ctx.at('.sentences'), ref.ref_id, record.get('sentences'))
    if isinstance(sample, dict):
        ref.extra = other_fields(sample, SAMPLE_REQUIRED, SAMPLE_OPTIONAL)
    return ref


def parse_ref_l4(ctx: Context, row: dict) -> Row:
    """A caption with its box; several captions share a box and its id."""
    if 'id' not in row and 'ann_id' in row:  # its name in an earlier revision
        row = {**row, 'id': row['ann_id']}
        del row['ann_id']
    record, errors = _fields(ctx, row, REF_L4_REQUIRED, REF_L4_OPTIONAL)
    found, ref = _one_caption(ctx, record, record.get('id'), record.get('caption'))
    found.errors, found.split = errors, row.get('split')
    namespace, _, number = record.get('image_id', '').rpartition('_')
    found.namespace = namespace or 'file'
    if number.isascii() and number.isdigit() and len(number) < 19:
        found.number = int(number)
    ref.ref_id, ref.shares_id = record.get('bbox_id'), True
    ref.object = _box_with_area(record, ref.ref_id)
    ref.extra = other_fields(row, REF_L4_REQUIRED, REF_L4_OPTIONAL, dict(split=None))
    return found


def parse_hc_refloco(ctx: Context, row: dict) -> Row:
    """A long caption of one person with the box; each row is a ref of its own.

    Its part are the topics of its spans, in the order of their names.
    """
    record, errors = _fields(ctx, row, HC_REFLOCO_REQUIRED, HC_REFLOCO_OPTIONAL)
    found, ref = _one_caption(ctx, record, record.get('id'), record.get('caption'))
    found.errors, found.split = errors, row.get('split')
    ref.object = _box_with_area(record)
    ref.extra = other_fields(row, HC_REFLOCO_REQUIRED, HC_REFLOCO_OPTIONAL,
                             dict(split=None))
    ref.part = '; '.join(_topics(row.get('labels'))) or None
    return found


def _topics(labels: object) -> list[str]:
    """The categories of the labels of a caption, each once."""
    names = [label.get('category') for label in labels if isinstance(label, dict)
             ] if isinstance(labels, list) else []
    return sorted({name for name in names if is_text(name)})


def parse_ref_adv(ctx: Context, row: dict, number: int) -> Row:
    """A caption with the corners of its box; its id is the number of the row."""
    record, errors = _fields(ctx, row, REF_ADV_REQUIRED, NOTHING)
    found, ref = _one_caption(ctx, record, number, record.get('normal_caption'))
    found.errors, found.encoded = errors, _encoded_size(ctx, row)
    if 'solution' in record:
        ref.object = SourceObject(None, corners(record['solution'], 'xyxy'),
                                  has_mask=False)
    ref.extra = other_fields(row, REF_ADV_REQUIRED, dict(image=None))
    return found


def _one_caption(ctx: Context, record: dict, own_id: object,
                 caption: Optional[str]) -> tuple[Row, RowRef]:
    """A row and its only ref, which has one text of the same id and no object yet."""
    ref = RowRef(own_id, ctx.place)
    if caption is not None:
        ref.texts = [RowText(own_id, caption, ctx.place)]
    found = Row(record.get('file_name'), refs=[ref])
    if {'width', 'height'} <= record.keys():
        found.size = (record['width'], record['height'])
    return found, ref


def _box_with_area(record: dict, ann_id: object = None) -> Optional[SourceObject]:
    """The object of ``bbox``, whose area must be ``bbox_area``; None without a box."""
    if 'bbox' not in record:
        return None
    bbox = record['bbox']
    return SourceObject(
        ann_id, corners(bbox), has_mask=False, area=record.get('bbox_area'),
        category_id=record.get('ori_category_id'),
        size=(float(bbox[2]), float(bbox[3])))


def parse_jxu124(ctx: Context, row: dict) -> Row:
    """A ref of REFER; its annotation and image are JSON text."""
    found = _parse_ref(ctx, row)
    found.encoded = _encoded_size(ctx, row)
    return found


def parse_benchmark(ctx: Context, row: dict) -> Row:
    """An image with refs of REFER, each beside its annotation."""
    found = Row(encoded=_encoded_size(ctx, row))
    pairs = row.get('ref_list')
    if not isinstance(pairs, list):
        found.errors.append(('bad_type', f'ref_list: {show(pairs)}'))
        pairs = []
    elif not pairs:
        ctx.note('image_without_expressions')
    for number, pair in enumerate(pairs):
        pair = pair if isinstance(pair, dict) else {}
        one = _parse_ref(ctx.at(f'.ref_list[{number}]'), {
            **(_as_record(pair.get('ref_info')) or {}),
            'raw_anns': pair.get('ann_info'), 'raw_image_info': row.get('image_info')})
        one.refs[0].errors = one.errors + one.refs[0].errors
        found.refs += one.refs
        if found.file is None:
            found.file = one.file
        if found.number is None:
            found.number = one.number
        found.size, found.split = found.size or one.size, found.split or one.split
    return found


def _parse_ref(ctx: Context, row: dict) -> Row:
    ref, errors = _fields(ctx, row, REF_REQUIRED, REF_OPTIONAL)
    image_id, about_image = ref.get('image_id'), ctx.at('.raw_image_info')
    info = _as_record(ref.get('raw_image_info'))
    if info is None and 'raw_image_info' in ref:
        about_image.note('bad_type', show(ref['raw_image_info']))
    image, _ = about_image.fields(info or {}, NOTHING, IMAGE_OPTIONAL)
    if image.get('id', image_id) != image_id:
        errors.append(('dangling_image', f'raw_image_info is of image {image["id"]}'))
    file = image.get('file_name', ref.get('file_name'))
    if file is None and image_id is not None:
        file = coco_name(image_id)
    size = (image['width'], image['height']) if {'width', 'height'} <= image.keys() \
        else None
    found = RowRef(ref.get('ref_id'), ctx.place, sentences=ref.get('sentences'))
    if 'raw_anns' in ref:
        found.object = _parse_annotation(ctx, ref, errors)
    ctx = ctx.with_ids(ref_id=found.ref_id)
    for code, value in compare_sent_ids(ref):
        ctx.note(code, value)
    if 'file_name' in ref and 'file_name' in image:
        for code, value in compare_file_name(ref['file_name'], image['file_name'],
                                             ref.get('ann_id')):
            ctx.note(code, value)
    return Row(file, image_id, size=size, split=ref.get('split'), refs=[found],
               errors=errors)


def _parse_annotation(ctx: Context, ref: dict,
                      errors: Errors) -> Optional[SourceObject]:
    record, where = _as_record(ref['raw_anns']), ctx.at('.raw_anns')
    if record is None:
        errors.append(('bad_type', f'raw_anns: {show(ref["raw_anns"])}'))
        return None
    ann, wrong = _fields(where, record, ANN_REQUIRED, ANN_OPTIONAL)
    errors += wrong
    for name, code in (('id', 'dangling_ann'), ('image_id', 'ann_image_mismatch')):
        said = ref.get('ann_id' if name == 'id' else name)
        if None not in (ann.get(name), said) and ann[name] != said:
            errors.append((code, f'{name} of raw_anns is {ann[name]}, not {said}'))
    if None not in (ref.get('category_id'), ann.get('category_id')) and (
            ref['category_id'] != ann['category_id']):
        ctx.note('category_mismatch',
                 f'{ref["category_id"]}, the object has {ann["category_id"]}')
    if 'bbox' not in ann:
        return None
    bbox = corners(ann['bbox'])
    if 'bbox' in ref and not all(abs(a - b) <= BORDER_TOLERANCE for a, b in zip(
            ref['bbox'], bbox, strict=True)):
        ctx.at('.bbox').note('box_format_conflict', f'{ref["bbox"]} against {bbox}')
    return SourceObject(
        ref.get('ann_id'), bbox, segm=record.get('segmentation'),
        mask_place=where.place.child('.segmentation'),
        category_id=ann.get('category_id'), iscrowd=int(ann.get('iscrowd', 0)),
        area=ann.get('area'))


def _as_record(value: object) -> Optional[dict]:
    """A nested value, or what JSON text says; None when that is not an object."""
    if isinstance(value, str):
        try:
            value = parse_json(value.encode('utf-8', 'surrogatepass'))
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def _fields(ctx: Context, record: object, required: Mapping[str, Test],
            optional: Mapping[str, Test]) -> tuple[dict, Errors]:
    """As ``Context.fields``; an optional field that is null counts as absent."""
    if isinstance(record, dict):
        record = {name: value for name, value in record.items()
                  if value is not None or name not in optional}
    return ctx.fields(record, required, optional)


def image_content(row: dict) -> Any:
    """What a row holds as the content of its image file: bytes, if the row is sound."""
    image = row.get(IMAGE)
    return image.get('bytes') if isinstance(image, dict) else image


def _encoded_size(ctx: Context, row: dict) -> Optional[Size]:
    """Width and height of the image that a row holds, from its header."""
    data = image_content(row)
    if data is None:
        return None
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            return opened.size
    except Exception as error:  # of a decoder, on bytes of any kind
        ctx.at(f'.{IMAGE}').note('bad_type', f'not an image ({type(error).__name__})')
        return None


def _texts(ctx: Context, ref_id: object,
           texts: Optional[list]) -> Optional[list[RowText]]:
    return texts and [RowText(f'{ref_id}#{number}', text, ctx.at(f'[{number}]').place)
                      for number, text in enumerate(texts)]
