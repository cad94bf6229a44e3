"""SimVG, PropVG and InstanceVG: lists of targets, for each expression or the entry."""
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Optional

from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.readers.base import ReadOptions, SourceObject, SourceSet
from segvg.annotations.readers.entries import EntrySet, all_records, find_entry_files
from segvg.annotations.readers.entry_targets import Entry, ExprTargets, TargetParser
from segvg.annotations.readers.field_checks import (
    is_anything,
    is_box,
    is_finite,
    is_flag,
    is_id,
    is_int,
    is_list,
    read_fields,
    show,
)
from segvg.annotations.readers.objects import BORDER_TOLERANCE, Errors, check_object

NONE_ID = -1  # of an object or category that is not there


def _is_box_or_none(value: object) -> bool:
    return value is None or is_box(value)


OBJECT_REQUIRED = dict(id=is_id, bbox=is_box)
OBJECT_OPTIONAL = dict(category_id=is_int, iscrowd=is_flag,
                       area=is_finite, image_id=is_int,
                       empty=lambda value: isinstance(value, bool))


def find_simvg_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per ``instance*.json`` in the folders given, or per file given."""
    found = []
    for source in sources:
        files = find_entry_files(source, 'instance*.json')
        if not files:
            raise FileNotFoundError(f'{source} has no instances.json and no '
                                    'instances_<name>.json')
        found += files
    return [EntrySet(path, root, options.dataset or path.resolve().parent.name,
                     targets=SimVGTargets) for root, path in found]


class _Listed(NamedTuple):
    """The annotations of one expression and where they stand."""

    records: list
    place: Place


class SimVGTargets(TargetParser):
    """Lists of COCO-like objects; one that is none says that there is no target."""

    required = dict(annotations=is_list)
    optional = dict(bbox=is_anything)
    prefix = 'simvg'
    has_refs = False
    nested = True

    def __init__(self, content: dict, source: EntrySet, *, report: Report,
                 options: ReadOptions) -> None:
        super().__init__(content, source, report=report, options=options)
        self._has_masks = any(annotation.get('segmentation') for record in all_records(
            content) for annotation in _objects_of(record))

    def read(self, entry: Entry) -> tuple[list[ExprTargets], Errors]:
        """The targets of each expression of an entry."""
        annotations = entry.fields.get('annotations')
        texts = entry.fields.get('expressions')
        if annotations is None or texts is None:
            return [], []
        place = entry.place.child('.annotations')
        if not annotations or not all(isinstance(part, list) for part in annotations):
            shared = self._read_targets(_Listed(annotations, place), entry)
            return [shared] * len(texts), []
        if len(annotations) != len(texts):
            return [], [('bad_type', f'{len(annotations)} lists of annotations for '
                                     f'{len(texts)} expressions')]
        self._compare_boxes(entry, annotations)
        return [self._read_targets(_Listed(part, place.child(f'[{number}]')), entry)
                for number, part in enumerate(annotations)], []

    def _read_targets(self, listed: _Listed, entry: Entry) -> ExprTargets:
        """The targets of an expression; each object once."""
        instances, errors, marks, seen = [], [], 0, set()
        for number, record in enumerate(listed.records):
            place = listed.place.child(f'[{number}]')
            says_none = _says_none(record)
            if says_none is None:
                errors.append(('no_target_encoding', show(record)))
            elif says_none:
                marks += 1
            elif isinstance(record, dict) and is_id(record.get('id')) and (
                    record['id'] in seen):
                self.report.add('target_duplicate', place, value=record['id'],
                                **entry.ids)
            else:
                instance, wrong = self._read_object(record, entry, place)
                errors += wrong
                instances += [instance] if instance else []
                seen |= {record['id']} if instance else set()
        if marks and len(listed.records) > marks:
            errors.append(('no_target_encoding', 'no target beside a target'))
        if not listed.records:
            errors.append(('no_target_encoding', 'an empty list'))
        names = frozenset(instance['id'] for instance in instances)
        scope = (entry.ids.get('image_id'), names) if names else entry.name
        return ExprTargets(instances, errors, scope)

    def _read_object(self, record: object, entry: Entry,
                     place: Place) -> tuple[Optional[dict], Errors]:
        found, errors = read_fields(record, OBJECT_REQUIRED, OBJECT_OPTIONAL,
                                    self.report, place, **entry.ids)
        image_id = entry.fields.get('image_id')
        if image_id is not None and found.get('image_id', image_id) != image_id:
            errors.append(('ann_image_mismatch', f'annotation {found.get("id")} is in '
                           f'image {found["image_id"]}'))
        if not {'id', 'bbox'} <= found.keys():
            return None, errors
        x, y, w, h = map(float, found['bbox'])
        segm, image = record.get('segmentation'), entry.image
        key = (entry.split, entry.ids.get('image_id'))
        instance_id, again = self.ids.take(key, found['id'], (
            x, y, w, h, json.dumps(segm)), '')
        if again:
            self.report.add('id_duplicate', place, value=found['id'], **entry.ids)
        size = (image['width'], image['height']) if image else (float('inf'),) * 2
        instance, more = check_object(
            SourceObject(instance_id, [x, y, x + w, y + h], place, segm=segm,
                         category_id=found.get('category_id'),
                         iscrowd=int(found.get('iscrowd', 0)), area=found.get('area'),
                         has_mask=bool(image and self._has_masks)),
            *size, self.report, self.options, **entry.ids)
        return instance, errors + more

    def _compare_boxes(self, entry: Entry, annotations: list) -> None:
        """Compare ``bbox`` of an entry, which is not used, with its annotations."""
        if 'bbox' not in entry.record or self.options.check < Check.FAST:
            return
        place, boxes = entry.place.child('.bbox'), entry.record['bbox']
        if not isinstance(boxes, list) or len(boxes) != len(annotations):
            self.report.add('bad_type', place, value=show(boxes), **entry.ids)
            return
        for number, (part, objects) in enumerate(zip(boxes, annotations, strict=True)):
            where = place.child(f'[{number}]')
            if not isinstance(part, list) or len(part) != len(objects):
                self.report.add('bad_type', where, value=show(part), **entry.ids)
                continue
            for k, (bbox, record) in enumerate(zip(part, objects, strict=True)):
                code = _compare_box(bbox, record)
                if code:
                    self.report.add(code, where.child(f'[{k}]'),
                                    value=show(bbox), **entry.ids)


def _compare_box(bbox: object, record: object) -> Optional[str]:
    """The code of a box that is not the one of its annotation."""
    if not _is_box_or_none(bbox):
        return 'bad_type'
    other = record.get('bbox') if isinstance(record, dict) else None
    if bbox is None or not is_box(other):
        return None
    same = all(abs(a - b) <= BORDER_TOLERANCE or a == b
               for a, b in zip(bbox, other, strict=True))
    return None if same else 'box_format_conflict'


def _says_none(record: object) -> Optional[bool]:
    """Whether an annotation says that there is no target; None: that and a target."""
    if record is None:
        return True
    if not isinstance(record, dict) or 'bbox' not in record:
        return False  # a target of the wrong shape
    bbox, name, empty = record['bbox'], record.get('id'), record.get('empty')
    marked = empty is True or NONE_ID in (record.get('category_id'), name)
    if bbox is None:
        other = record.get('segmentation') or (
            not marked and name is not None) or empty is False
        return None if other else True
    if not marked:
        return False
    no_box = is_box(bbox) and not any(bbox)
    return True if no_box and empty is not False else None


def _objects_of(record: dict) -> Iterator[dict]:
    """The annotations of an entry, of whatever shape."""
    annotations = record.get('annotations')
    for part in annotations if isinstance(annotations, list) else ():
        for annotation in part if isinstance(part, list) else [part]:
            if isinstance(annotation, dict):
                yield annotation
