"""Annotations of MDETR entries: targets, marks of no target, phrases."""
import math
from dataclasses import dataclass, field
from typing import NamedTuple, Optional

from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.readers import field_checks
from segvg.annotations.readers.base import ReadOptions, SourceObject
from segvg.annotations.readers.field_checks import UniqueIds, read_fields
from segvg.annotations.readers.objects import Errors, check_object
from segvg.annotations.readers.spans import Span, check_spans


class Flavour(NamedTuple):
    """How files of one kind are read.

    Attributes:
        files: how they are named.
        pattern: the same, to find set and split in a name.
        captions: whether boxes belong to phrases of a caption.
        one_based: whether boxes are inclusive corners counted from 1.
        namespace: of the images that are not COCO's.
    """

    files: str
    pattern: str
    captions: bool = False
    one_based: bool = False
    namespace: str = 'vg'


@dataclass
class Entry:
    """An expression; ``evaluated`` are the spans of its phrases, in Flickr files."""

    id: Optional[int]
    text: Optional[str]
    place: Place
    evaluated: Optional[list]
    ids: dict


@dataclass
class Targets:
    """What the annotations of an entry say.

    Attributes:
        instances: usable targets, as in group lines.
        errors: what skips the entry.
        phrases: as in group lines; targets are places in ``instances``.
        boxes: of the targets as stored.
        keys: what tells the targets from others.
        count: how many targets were listed.
    """

    instances: list[dict] = field(default_factory=list)
    errors: Errors = field(default_factory=list)
    phrases: list[dict] = field(default_factory=list)
    boxes: frozenset = frozenset()
    keys: frozenset = frozenset()
    count: int = 0


def _is_crowd(value: object) -> bool:
    return field_checks.is_flag(value) or value == -1


ANN_REQUIRED = dict(id=field_checks.is_int, image_id=field_checks.is_int, bbox=field_checks.is_box,
                    tokens_positive=field_checks.is_anything)
ANN_OPTIONAL = dict(tokens_positive=field_checks.is_list, original_id=field_checks.is_int,
                    category_id=field_checks.is_int, iscrowd=_is_crowd, area=field_checks.is_finite,
                    empty=lambda value: isinstance(value, bool))


@dataclass
class _Annotation:
    """An annotation of an entry; ``target`` is its place among the usable targets."""

    record: dict
    place: Place
    spans: list[Span]
    target: Optional[int] = None


class TargetParser:
    """Finds the annotations of each entry of a file.

    Args:
        content: the file.
        categories: their names by id.
        place: the file's.
        flavour: how to read it.
        report: takes the findings.
        options: how much to check.
    """

    def __init__(self, content: dict, categories: dict[int, str], place: Place,
                 flavour: Flavour, *, report: Report, options: ReadOptions) -> None:
        self._place = place
        self._flavour = flavour
        self._report = report
        self._options = options
        self._categories = categories
        self._has_categories = list(categories.values()) != ['object']
        self._records = content['annotations']
        self._boxes: dict[tuple, dict[tuple, object]] = {}
        entries = {entry['id'] for entry in content['images']
                   if isinstance(entry, dict) and field_checks.is_int(entry.get('id'))}
        self._numbers: dict[int, list[int]] = {}
        self._ids: dict[int, object] = {}
        self._index(entries)

    def read(self, entry: Entry, image: Optional[dict]) -> Targets:
        """Check the annotations of an entry."""
        found, annotations, empty = Targets(), [], 0
        taken: dict[int, Optional[int]] = {}
        for number in self._numbers.get(entry.id, ()):
            place = self._place.child(f'annotations[{number}]')
            record, errors = read_fields(self._records[number], ANN_REQUIRED,
                                         ANN_OPTIONAL, self._report, place, **entry.ids)
            found.errors += errors
            annotation = _Annotation(record, place, self._spans(record, entry, place))
            annotations.append(annotation)
            if 'bbox' not in record:
                continue
            marked = self._is_empty(record, found.errors)
            empty += marked
            original = record.get('original_id')
            if marked or original in taken:
                annotation.target = taken.get(original)
                if not marked:
                    self._report.add('target_duplicate', place, value=original,
                                     **entry.ids)
                continue
            found.count += 1
            annotation.target = self._add_target(number, record, image, found, entry)
            if original not in (None, -1):
                taken[original] = annotation.target
        if empty and found.count:
            found.errors.append(('no_target_encoding', 'no target, and a box'))
        if not annotations and not self._flavour.captions and entry.id is not None:
            found.errors.append(('target_missing', 'no annotation'))
        found.phrases = self._phrases(annotations, entry)
        return found

    def _index(self, entries: set[int]) -> None:
        """Note which annotations each entry has; report those of none."""
        unique = UniqueIds()
        for number, record in enumerate(self._records):
            place = self._place.child(f'annotations[{number}]')
            fields_, errors = read_fields(record, dict(image_id=field_checks.is_int), {},
                                          self._report, place)
            if not errors and fields_['image_id'] not in entries:
                errors = [('dangling_image', fields_['image_id'])]
            for code, value in errors:
                self._report.add(code, place, 'skip', value=value)
            if errors:
                continue
            self._numbers.setdefault(fields_['image_id'], []).append(number)
            if field_checks.is_int(record.get('id')):
                self._ids[number], again = unique.take(record['id'])
                if again:
                    self._report.add('id_duplicate', place, value=record['id'])

    def _is_empty(self, record: dict, errors: Errors) -> bool:
        """Whether an annotation says that there is no target."""
        if self._flavour.captions:
            return False
        no_box = not any(record['bbox'])
        says = record.get('empty')
        marked = says is True or record.get('category_id') == -1 or (
            no_box and record.get('original_id') == -1)
        if marked and (says is False or not no_box):
            errors.append(('no_target_encoding', f'empty {says}, box {record["bbox"]}, '
                           f'category {record.get("category_id")}'))
        return marked

    def _add_target(self, number: int, record: dict, image: Optional[dict],
                    found: Targets, entry: Entry) -> Optional[int]:
        """Check a box; its place among the targets, None when it is of no use."""
        place = self._place.child(f'annotations[{number}]')
        x, y, w, h = map(float, record['bbox'])
        near = 1 if self._flavour.one_based else 0
        category_id = record.get('category_id')
        if self._options.check >= Check.FAST and self._categories and (
                category_id is not None and category_id not in self._categories):
            self._report.add('category_unknown', place.child('.category_id'),
                             value=category_id, **entry.ids)
        size = (image['width'], image['height']) if image else (math.inf, math.inf)
        segm = self._records[number].get('segmentation')
        if record.get('iscrowd') == -1:
            self._report.add('bad_type', place.child('.iscrowd'), value=-1, **entry.ids)
        instance, errors = check_object(
            SourceObject(
                self._instance_id(number, record, entry), [x - near, y - near, x + w,
                                                           y + h],
                place, size=(w, h),
                category_id=category_id if self._has_categories else None,
                iscrowd=max(int(record.get('iscrowd', 0)), 0), area=record.get('area'),
                segm=segm, has_mask=segm is not None and image is not None),
            *size, self._report, self._options, **entry.ids)
        original = record.get('original_id')
        key = (x, y, w, h) if original in (None, -1) else original
        found.keys, found.boxes = found.keys | {key}, found.boxes | {(x, y, w, h)}
        if errors and self._flavour.captions:
            for code, value in errors:
                self._report.add(code, place, 'box_dropped', value=value, **entry.ids)
            return None
        found.errors += errors
        found.instances.append(instance)
        return len(found.instances) - 1

    def _instance_id(self, number: int, record: dict, entry: Entry) -> object:
        """The id of the source's annotation; another box of it gets a suffix."""
        original = record.get('original_id')
        if original in (None, -1):
            return self._ids.get(number, str(number))
        boxes = self._boxes.setdefault((entry.ids['image_id'], original), {})
        bbox = tuple(record['bbox'])
        if bbox not in boxes:
            if boxes:
                self._report.add('id_duplicate', self._place.child(
                    f'annotations[{number}]'), value=original, **entry.ids)
            boxes[bbox] = f'{original}#{len(boxes)}' if boxes else original
        return boxes[bbox]

    def _spans(self, record: dict, entry: Entry, place: Place) -> list[Span]:
        if entry.text is None:
            return []
        return check_spans(record.get('tokens_positive', []), len(entry.text),
                           self._report, place.child('.tokens_positive'), **entry.ids)

    def _phrases(self, annotations: list[_Annotation], entry: Entry) -> list[dict]:
        if entry.evaluated is not None and entry.text is not None:
            return self._evaluated_phrases(annotations, entry)
        phrases: dict[tuple, list[int]] = {}
        for annotation in annotations:
            spans = tuple(sorted(map(tuple, annotation.spans)))
            if spans:
                targets = phrases.setdefault(spans, [])
                if annotation.target is not None:
                    targets.append(annotation.target)
        return [dict(span=[list(span) for span in spans], targets=targets)
                for spans, targets in phrases.items()]

    def _evaluated_phrases(self, annotations: list[_Annotation],
                           entry: Entry) -> list[dict]:
        phrases, evaluated = [], set()
        place = entry.place.child('.tokens_positive_eval')
        for number, spans in enumerate(entry.evaluated):
            where = place.child(f'[{number}]')
            if not field_checks.is_list(spans):
                self._report.add('bad_type', where, 'phrase_dropped',
                                 value=field_checks.show(spans), **entry.ids)
                continue
            spans = check_spans(spans, len(entry.text), self._report, where,
                                **entry.ids)
            wanted = set(map(tuple, spans))
            evaluated |= wanted
            targets = [annotation.target for annotation in annotations
                       if annotation.target is not None
                       and wanted & set(map(tuple, annotation.spans))]
            if spans and targets:
                phrases.append(dict(span=sorted(spans), targets=targets))
            elif spans:
                self._report.add('phrase_unboxed', where, 'phrase_dropped', value=spans,
                                 **entry.ids)
        self._report_others(annotations, evaluated, entry)
        return phrases

    def _report_others(self, annotations: list[_Annotation], evaluated: set,
                       entry: Entry) -> None:
        """Report spans of boxes that no evaluated phrase has."""
        if self._options.check < Check.FAST:
            return
        for annotation in annotations:
            listed = annotation.record.get('tokens_positive', ())
            for number, span in enumerate(listed):
                if span in annotation.spans and tuple(span) not in evaluated:
                    self._report.add(
                        'span_not_evaluated', annotation.place.child(
                            f'.tokens_positive[{number}]'), value=span, **entry.ids)
