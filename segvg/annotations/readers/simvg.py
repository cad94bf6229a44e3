"""SimVG, PropVG and InstanceVG: lists of targets, for each expression or the entry."""
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

from segvg.annotations.readers.base import (
    Context,
    Errors,
    ReadOptions,
    SourceObject,
    SourceSet,
)
from segvg.annotations.readers.entries import (
    Entry,
    EntrySet,
    ExprTargets,
    TargetParser,
    all_records,
    find_entry_files,
)
from segvg.annotations.readers.field_checks import (
    Fields,
    is_anything,
    is_box,
    is_finite,
    is_flag,
    is_id,
    is_int,
    is_list,
    show,
)
from segvg.annotations.readers.objects import BORDER_TOLERANCE, checked_object, corners

NONE_ID = -1  # of an object or category that is not there


OBJECT_REQUIRED = Fields(id=is_id, bbox=is_box)
OBJECT_OPTIONAL = Fields(category_id=is_int, iscrowd=is_flag,
                         area=is_finite, image_id=is_int,
                         empty=is_flag)


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


class SimVGTargets(TargetParser):
    """Lists of COCO-like objects; a mark in a list says that there is no target."""

    required = Fields(annotations=is_list)
    optional = Fields(bbox=is_anything)
    prefix = 'simvg'
    has_refs = False
    nested = True

    def __init__(self, content: dict, source: SourceSet) -> None:
        super().__init__(content, source)
        self._has_masks = any(annotation.get('segmentation') for record in all_records(
            content) for annotation in _objects_of(record))

    def read(self, entry: Entry) -> tuple[list[ExprTargets], Errors]:
        """The targets of each expression of an entry."""
        annotations = entry.fields.get('annotations')
        texts = entry.fields.get('expressions')
        if annotations is None or texts is None:
            return [], []
        ctx = entry.ctx.at('.annotations')
        if not annotations or not all(isinstance(part, list) for part in annotations):
            return [self._read_targets(ctx, annotations, entry)] * len(texts), []
        if len(annotations) != len(texts):
            return [], [('bad_type', f'{len(annotations)} lists of annotations for '
                                     f'{len(texts)} expressions')]
        _compare_boxes(entry, annotations)
        return [self._read_targets(ctx.at(f'[{number}]'), part, entry)
                for number, part in enumerate(annotations)], []

    def _read_targets(self, ctx: Context, records: list, entry: Entry) -> ExprTargets:
        """The targets of an expression; each object once."""
        instances: list[dict] = []
        errors: Errors = []
        marks, seen = 0, set()
        for number, record in enumerate(records):
            where = ctx.at(f'[{number}]')
            says_none = _says_none(record)
            if says_none is None:
                errors.append(('no_target_encoding', show(record)))
            elif says_none:
                marks += 1
            elif isinstance(record, dict) and is_id(record.get('id')) and (
                    record['id'] in seen):
                where.note('target_duplicate', record['id'])
            else:
                instance, wrong = self._read_object(where, record, entry)
                errors += wrong
                instances += [instance] if instance else []
                seen |= {record['id']} if instance else set()
        if marks and len(records) > marks:
            errors.append(('no_target_encoding', 'no target beside a target'))
        if not records:
            errors.append(('no_target_encoding', 'an empty list'))
        names = frozenset(instance['id'] for instance in instances)
        scope = (ctx.ids.get('image_id'), names) if names else entry.name
        return ExprTargets(instances, errors, scope)

    def _read_object(self, ctx: Context, record: Any,
                     entry: Entry) -> tuple[Optional[dict], Errors]:
        found, errors = ctx.fields(record, OBJECT_REQUIRED, OBJECT_OPTIONAL)
        image_id = entry.fields.get('image_id')
        if image_id is not None and found.get('image_id', image_id) != image_id:
            errors.append(('ann_image_mismatch', f'annotation {found.get("id")} is in '
                           f'image {found["image_id"]}'))
        if not {'id', 'bbox'} <= found.keys():
            return None, errors
        bbox, segm = corners(found['bbox'], ctx.options.box), record.get('segmentation')
        instance_id = self.ids.claim(ctx, found['id'], (*bbox, json.dumps(segm)), '',
                                     scope=entry.split)
        instance, more = checked_object(ctx, SourceObject(
            instance_id, bbox, segm=segm, category_id=found.get('category_id'),
            iscrowd=int(found.get('iscrowd', 0)), area=found.get('area'),
            has_mask=self._has_masks), entry.image)
        return instance, errors + more


def _compare_boxes(entry: Entry, annotations: list) -> None:
    """Compare ``bbox`` of an entry, which is not used, with its annotations."""
    ctx = entry.ctx.at('.bbox')
    if 'bbox' not in entry.record or not ctx.is_fast:
        return
    boxes = entry.record['bbox']
    if not isinstance(boxes, list) or len(boxes) != len(annotations):
        ctx.note('bad_type', show(boxes))
        return
    for number, (part, objects) in enumerate(zip(boxes, annotations, strict=True)):
        where = ctx.at(f'[{number}]')
        if not isinstance(part, list) or len(part) != len(objects):
            where.note('bad_type', show(part))
            continue
        for k, (bbox, record) in enumerate(zip(part, objects, strict=True)):
            code = _compare_box(bbox, record)
            if code:
                where.at(f'[{k}]').note(code, show(bbox))


def _compare_box(bbox: object, record: object) -> Optional[str]:
    """The code of a box that is not the one of its annotation."""
    if bbox is not None and not is_box(bbox):
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
    bbox, name, empty = record['bbox'], record.get('id'), None
    if is_flag(record.get('empty')):
        empty = bool(record['empty'])
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
