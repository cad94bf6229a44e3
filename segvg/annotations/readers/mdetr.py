"""MDETR annotations: COCO's shape with one image entry per expression."""
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Optional

from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.official_counts import OFFICIAL_COUNTS
from segvg.annotations.readers.base import ReadOptions, SourceObject, SourceSet
from segvg.annotations.readers.coco_instances import category_names, load_coco_lists
from segvg.annotations.readers.expressions import ExprCollector, SourceExpr
from segvg.annotations.readers.field_checks import (
    UniqueIds,
    is_anything,
    is_box,
    is_finite,
    is_flag,
    is_int,
    is_list,
    is_size,
    is_text,
    other_fields,
    read_fields,
    show,
)
from segvg.annotations.readers.images import ImageChecks, image_number, image_of
from segvg.annotations.readers.objects import Errors, check_object
from segvg.annotations.readers.spans import Span, check_spans
from segvg.annotations.readers.splits import order_by_split, split_of_name


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
    return is_flag(value) or value == -1


ANN_REQUIRED = dict(id=is_int, image_id=is_int, bbox=is_box,
                    tokens_positive=is_anything)
ANN_OPTIONAL = dict(tokens_positive=is_list, original_id=is_int,
                    category_id=is_int, iscrowd=_is_crowd, area=is_finite,
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
                   if isinstance(entry, dict) and is_int(entry.get('id'))}
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
            fields_, errors = read_fields(record, dict(image_id=is_int), {},
                                          self._report, place)
            if not errors and fields_['image_id'] not in entries:
                errors = [('dangling_image', fields_['image_id'])]
            for code, value in errors:
                self._report.add(code, place, 'skip', value=value)
            if errors:
                continue
            self._numbers.setdefault(fields_['image_id'], []).append(number)
            if is_int(record.get('id')):
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
            if not is_list(spans):
                self._report.add('bad_type', where, 'phrase_dropped',
                                 value=show(spans), **entry.ids)
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


SINGLE_TARGET = ('refcoco', 'refcoco+', 'refcocog')
BOXES = {False: 'MDETR: x, y, w, h, 0-based',
         True: 'MDETR: x, y, w, h of inclusive corners from 1 on'}
NAME = r'(?P<set>{sets})_(?P<split>[^_]+){end}\.json'
# FORMAT of tools/prepare_data.py -> names of its files, and how those are read
FLAVOURS = dict(
    mdetr_refexp=Flavour('finetune_<set>_<split>.json',
                         NAME.format(sets='finetune_(?!grefcoco_).+', end='')),
    mdetr_grefcoco=Flavour('finetune_grefcoco_<split>.json',
                           NAME.format(sets='finetune_grefcoco', end='')),
    mdetr_flickr=Flavour('final_flickr_<boxes>_<split>.json',
                         NAME.format(sets='final_flickr(_[^_]+)?', end=''),
                         captions=True, one_based=True, namespace='flickr30k'),
    mdetr_mixed=Flavour('final_mixed_<split>.json or final_refexp_<split>.json',
                        NAME.format(sets='final_(mixed|refexp)',
                                    end='(?P<end>_no_coco)?'), captions=True))


def _is_pixels(value: object) -> bool:
    """Whether a value is a size; Flickr files have it as text."""
    if isinstance(value, str) and re.fullmatch('[0-9]{1,9}', value):
        value = int(value)
    return is_size(value)


ENTRY_REQUIRED = dict(id=is_int, file_name=is_text, height=_is_pixels,
                      width=_is_pixels, caption=is_text)
ENTRY_OPTIONAL = dict(original_id=is_int, original_img_id=is_int)
EVALUATED = 'tokens_positive_eval'


class NamedFile(NamedTuple):
    """A file and what its name says."""

    path: Path
    dataset: str
    split: str


def find_mdetr_sets(format_name: str, sources: list[Path],
                    options: ReadOptions) -> list[SourceSet]:
    """One set per data set named by files of a folder, or by the files given."""
    flavour, groups = FLAVOURS[format_name], {}
    for source in sources:
        if not source.exists():
            raise FileNotFoundError(f'there is no file or folder {source}')
        folder = source.is_dir()
        found = [_parse_name(path, flavour.pattern, any_name=not folder)
                 for path in (sorted(source.glob('*.json')) if folder else [source])]
        for file in filter(None, found):
            groups.setdefault((file.dataset, file.path.parent), []).append(file)
    if not groups:
        raise FileNotFoundError(f'no file named {flavour.files} in '
                                f'{", ".join(map(str, sources))}')
    return [MdetrSet(dataset, flavour, files, name=options.dataset)
            for (dataset, _), files in groups.items()]


def _parse_name(path: Path, pattern: str, any_name: bool) -> Optional[NamedFile]:
    match = re.fullmatch(pattern, path.name)
    if match:
        dataset = re.sub('^(finetune|final)_', '', match['set'])
        end = match.groupdict().get('end') or ''
        return NamedFile(path, dataset + end, match['split'])
    if not any_name:
        return None
    dataset, _, split = path.stem.rpartition('_')
    return NamedFile(path, dataset, split)


class MdetrSet(SourceSet):
    """The split files of one data set."""

    text_field = 'caption'
    file_per_split = True

    def __init__(self, dataset: str, flavour: Flavour, files: list[NamedFile], *,
                 name: Optional[str]) -> None:
        files = order_by_split(files, lambda file: file.split)
        super().__init__(name or f'mdetr_{dataset.replace("+", "_plus")}', dataset,
                         None, files=[file.path for file in files])
        self.flavour = flavour
        self.source_box = BOXES[flavour.one_based]
        self._splits = [file.split for file in files]

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read the files of all splits and yield group lines."""
        images, collector = ImageChecks(report, options), ExprCollector(report, options)
        known = OFFICIAL_COUNTS.get(self.name)
        for number, path in enumerate(self.files):
            split = split_of_name(self._splits[number], known, report, Place(path.name))
            if split is None:
                continue
            content = load_coco_lists(path)
            reading = _Parser(self, split, number, content, images=images,
                               collector=collector, report=report, options=options)
            for index, record in enumerate(options.progress(content['images'],
                                                            path.name)):
                reading.read_entry(index, record)
        self.image_dirs = images.dirs
        yield from collector.grouper.lines()


class _Parser:
    """State of reading one file."""

    def __init__(self, source: MdetrSet, split: str, number: int, content: dict, *,
                 images: ImageChecks, collector: ExprCollector, report: Report,
                 options: ReadOptions) -> None:
        self.source = source
        self.split = split
        self.file_number = number
        self.place = Place(source.files[number].name)
        self.images = images
        self.collector = collector
        self.report = report
        self.options = options
        self.entry_ids = UniqueIds()
        categories = category_names(content)
        if list(categories.values()) != ['object']:
            source.categories.update(categories)
        self.targets = TargetParser(content, categories, self.place, source.flavour,
                                     report=report, options=options)
        self.required, self.optional = dict(ENTRY_REQUIRED), dict(ENTRY_OPTIONAL)
        if source.flavour.one_based:
            self.required[EVALUATED] = is_list

    def read_entry(self, number: int, record: object) -> None:
        """Check an entry with its annotations, and collect it when it is kept."""
        place = self.place.child(f'images[{number}]')
        fields_, errors = read_fields(record, self.required, self.optional,
                                      self.report, place)
        ids = dict(image_id=None, expr_id=fields_.get('id'))
        image = self._read_image(fields_, errors, place, ids)
        self.source.read.add(self.split, ids['image_id'])
        entry = Entry(fields_.get('id'), fields_.get('caption'), place,
                      fields_.get(EVALUATED), ids)
        found = self.targets.read(entry, image)
        self._check_count(found, entry)
        expr = {}
        if entry.text is not None and entry.id is not None:
            entry_id, again = self.entry_ids.take(entry.id)
            if again:
                self.report.add('id_duplicate', place, value=entry.id, **ids)
            expr = dict(id=entry_id, text=entry.text, phrases=found.phrases,
                        src=[self.file_number, number])
            if self.source.flavour.captions:
                expr['caption'] = True
            extra = other_fields(record, self.required, self.optional)
            if extra:
                expr['extra'] = extra
        self.collector.add(SourceExpr(
            expr, self.split, image, found.instances, errors + found.errors, place,
            (ids['image_id'], found.boxes), ids, found.keys))

    def _read_image(self, entry: dict, errors: list, place: Place,
                    ids: dict) -> Optional[dict]:
        if not {'file_name', 'width', 'height'} <= entry.keys():
            return None
        file, number = entry['file_name'], entry.get(
            'original_img_id', entry.get('original_id'))
        source = image_of(file, (int(entry['width']), int(entry['height'])), place,
                          namespace=self.source.flavour.namespace,
                          number=None if number == -1 else number)
        ids['image_id'] = source.id
        if self.options.check >= Check.FAST and number not in (None, -1) and (
                image_number(file) not in (None, number)):
            self.report.add('file_name_mismatch', place.child('.file_name'),
                            value=f'{file} for image {number}', **ids)
        image, missing = self.images.check(source)
        errors += [('image_missing', missing)] if missing else []
        return image

    def _check_count(self, found, entry: Entry) -> None:
        if self.options.check >= Check.FAST and found.count > 1 and (
                self.source.dataset in SINGLE_TARGET):
            self.report.add('target_count', entry.place, value=found.count, **entry.ids)
