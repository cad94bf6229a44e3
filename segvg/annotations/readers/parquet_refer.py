"""Refs of REFER in parquet rows: annotations as JSON text, or as nested values."""
from pathlib import PurePosixPath
from typing import Optional

from segvg.annotations.checks import Place, Report
from segvg.annotations.files.pickles import parse_json
from segvg.annotations.readers.base import SourceObject
from segvg.annotations.readers.field_checks import (
    is_anything,
    is_box,
    is_finite,
    is_flag,
    is_int,
    is_list,
    is_size,
    is_text,
    read_fields,
    show,
)
from segvg.annotations.readers.images import coco_name, without_suffix
from segvg.annotations.readers.objects import BORDER_TOLERANCE, Errors
from segvg.annotations.readers.parquet_rows import (
    Row,
    RowRef,
    corners,
    encoded_size,
    known,
)

REF_REQUIRED = dict(ref_id=is_int, ann_id=is_int, image_id=is_int,
                    sentences=is_list, raw_anns=is_anything)
REF_OPTIONAL = dict(split=is_text, file_name=is_text,
                    sent_ids=is_list, category_id=is_int,
                    bbox=is_box, raw_image_info=is_anything)
ANN_REQUIRED = dict(bbox=is_box)
ANN_OPTIONAL = dict(id=is_int, image_id=is_int, category_id=is_int,
                    iscrowd=is_flag, area=is_finite)
IMAGE_OPTIONAL = dict(id=is_int, file_name=is_text, width=is_size,
                      height=is_size)


def parse_jxu124(row: dict, place: Place, report: Report) -> Row:
    """A ref; its annotation and image are JSON text."""
    found = _parse_ref(row, place, report)
    found.encoded = encoded_size(row, report, place)
    return found


def parse_benchmark(row: dict, place: Place, report: Report) -> Row:
    """An image with refs, each beside its annotation."""
    found = Row(encoded=encoded_size(row, report, place))
    refs = row.get('ref_list')
    if not isinstance(refs, list):
        found.errors.append(('bad_type', f'ref_list: {show(refs)}'))
        refs = []
    elif not refs:
        report.add('image_without_expressions', place)
    for number, pair in enumerate(refs):
        where = place.child(f'.ref_list[{number}]')
        pair = pair if isinstance(pair, dict) else {}
        ref = _as_record(pair.get('ref_info'))
        one = _parse_ref({**(ref or {}), 'raw_anns': pair.get('ann_info'),
                          'raw_image_info': row.get('image_info')}, where, report)
        one.refs[0].errors = one.errors + one.refs[0].errors
        found.refs += one.refs
        found.file, found.number = found.file or one.file, found.number or one.number
        found.size, found.split = found.size or one.size, found.split or one.split
    return found


def _as_record(value: object) -> Optional[dict]:
    """A nested value, or what JSON text says; None when that is no object."""
    if isinstance(value, str):
        try:
            value = parse_json(value.encode('utf-8', 'surrogatepass'))
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def _parse_ref(row: dict, place: Place, report: Report) -> Row:
    ref, errors = read_fields(known(row, REF_OPTIONAL), REF_REQUIRED, REF_OPTIONAL,
                              report, place)
    image = _as_record(ref.get('raw_image_info'))
    if image is None and 'raw_image_info' in ref:
        report.add('bad_type', place.child('.raw_image_info'),
                   value=show(ref['raw_image_info']))
    image, _ = read_fields(image or {}, {}, IMAGE_OPTIONAL, report,
                           place.child('.raw_image_info'))
    image_id = ref.get('image_id')
    if image.get('id', image_id) != image_id:
        errors.append(('dangling_image', f'raw_image_info is of image {image["id"]}'))
    file = image.get('file_name', ref.get('file_name'))
    if file is None and image_id is not None:
        file = coco_name(image_id)
    size = (image['width'], image['height']) if {'width', 'height'} <= image.keys() \
        else None
    found = RowRef(ref.get('ref_id'), None, place, sentences=ref.get('sentences', []))
    if ref.get('sentences') == []:
        errors.append(('ref_without_sentences', ''))
    if 'raw_anns' in ref:
        ann = _as_record(ref['raw_anns'])
        if ann is None:
            errors.append(('bad_type', f'raw_anns: {show(ref["raw_anns"])}'))
        else:
            found.object = _parse_annotation(ann, ref, errors, place, report)
    for code, value in _compare(ref, image):
        report.add(code, place, value=value, ref_id=found.ref_id)
    return Row(file, image_id, size=size, split=ref.get('split'), refs=[found],
               errors=errors)


def _parse_annotation(record: dict, ref: dict, errors: Errors, place: Place,
                      report: Report) -> Optional[SourceObject]:
    where = place.child('.raw_anns')
    ann, wrong = read_fields(known(record, ANN_OPTIONAL), ANN_REQUIRED, ANN_OPTIONAL,
                             report, where)
    errors += wrong
    for name, code in (('id', 'dangling_ann'), ('image_id', 'ann_image_mismatch')):
        said = ref.get('ann_id' if name == 'id' else name)
        if None not in (ann.get(name), said) and ann[name] != said:
            errors.append((code, f'{name} of raw_anns is {ann[name]}, not {said}'))
    if None not in (ref.get('category_id'), ann.get('category_id')) and (
            ref['category_id'] != ann['category_id']):
        report.add('category_mismatch', place,
                   value=f'{ref["category_id"]}, the object has {ann["category_id"]}')
    if 'bbox' not in ann:
        return None
    bbox = corners(ann['bbox'])
    if 'bbox' in ref and not all(abs(a - b) <= BORDER_TOLERANCE for a, b in zip(
            ref['bbox'], bbox, strict=True)):
        report.add('box_format_conflict', place.child('.bbox'),
                   value=f'{ref["bbox"]} against {bbox}')
    return SourceObject(
        ref.get('ann_id'), bbox, place, segm=record.get('segmentation'),
        mask_place=where.child('.segmentation'), category_id=ann.get('category_id'),
        iscrowd=int(ann.get('iscrowd', 0)), area=ann.get('area'))


def _compare(ref: dict, image: dict) -> Errors:
    """Secondary fields of a ref that disagree with sentences and image."""
    found = []
    if 'sent_ids' in ref and 'sentences' in ref:
        sent_ids = [sentence.get('sent_id') for sentence in ref['sentences']
                    if isinstance(sentence, dict)]
        if sent_ids != ref['sent_ids']:
            found.append(('sent_ids_mismatch', f'{ref["sent_ids"]} for {sent_ids}'))
    if 'file_name' in ref and 'file_name' in image:
        name = PurePosixPath(ref['file_name']).name
        expected = PurePosixPath(image['file_name']).name
        suffix = PurePosixPath(name).stem.rpartition('_')[2]
        if name != expected and without_suffix(name) != expected:
            found.append(('file_name_mismatch', f'{name} for {expected}'))
        elif name != expected and suffix != str(ref.get('ann_id')):
            found.append(('file_name_suffix', f'{name} for {ref.get("ann_id")}'))
    return found
