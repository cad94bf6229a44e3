"""MDETR annotations: COCO's shape with one image entry per expression."""
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Optional

from segvg.annotations.checks import Place, Report
from segvg.annotations.official_counts import OFFICIAL_COUNTS
from segvg.annotations.readers.base import (
    Context,
    Errors,
    ReadOptions,
    SourceObject,
    SourceSet,
)
from segvg.annotations.readers.coco_instances import (
    annotations_of_entries,
    category_names,
    load_coco_lists,
)
from segvg.annotations.readers.expressions import ExprCollector, FoundExpr
from segvg.annotations.readers.field_checks import (
    Fields,
    is_anything,
    is_box,
    is_finite,
    is_flag,
    is_int,
    is_list,
    is_size,
    is_text,
    other_fields,
    show,
)
from segvg.annotations.readers.ids import InstanceIds, UniqueIds
from segvg.annotations.readers.images import (
    ImageChecks,
    image_name,
    image_number,
    image_of,
    with_slashes,
)
from segvg.annotations.readers.mdetr_flavours import FLAVOURS, Flavour
from segvg.annotations.readers.objects import checked_object, corners
from segvg.annotations.readers.source_files import find_files
from segvg.annotations.readers.splits import order_by_split, split_of_file
from segvg.annotations.readers.texts import Span, usable_spans

SINGLE_TARGET = ('refcoco', 'refcoco+', 'refcocog')
OF_VISUAL_GENOME = ('phrasecut', 'gqa')
EVALUATED = 'tokens_positive_eval'


def _is_pixels(value: object) -> bool:
    """Whether a value is a size; Flickr files have it as text."""
    if isinstance(value, str) and re.fullmatch('[0-9]{1,9}', value):
        value = int(value)
    return is_size(value)


def _is_crowd(value: object) -> bool:
    return is_flag(value) or value == -1


ENTRY_REQUIRED = Fields(id=is_int, file_name=is_text, height=_is_pixels,
                        width=_is_pixels, caption=is_text)
ENTRY_OPTIONAL = Fields(original_id=is_int, original_img_id=is_int)
ANN_REQUIRED = Fields(id=is_int, image_id=is_int, bbox=is_box,
                      tokens_positive=is_anything)
ANN_OPTIONAL = Fields(tokens_positive=is_list, original_id=is_int, category_id=is_int,
                      iscrowd=_is_crowd, area=is_finite, empty=is_flag)


class NamedFile(NamedTuple):
    """A file and what its name says."""

    path: Path
    dataset: str
    split: str


def find_mdetr_sets(format_name: str, sources: list[Path],
                    options: ReadOptions) -> list[SourceSet]:
    """One set per data set named by files of a folder, or by the files given."""
    flavour = FLAVOURS[format_name]
    groups: dict[tuple[str, Path], list[NamedFile]] = {}
    for source in sources:
        for path in find_files(source, '*.json'):
            file = _parse_name(path, flavour.pattern, any_name=source.is_file())
            if file is not None:
                groups.setdefault((file.dataset, path.parent), []).append(file)
    if not groups:
        raise FileNotFoundError(f'no file named {flavour.files} in '
                                f'{", ".join(map(str, sources))}')
    return [MdetrSet(dataset, flavour, files, name=options.dataset or flavour.name)
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
        self.source_box = 'MDETR: x, y, w, h' + (
            ' of inclusive corners from 1 on' if flavour.one_based else ', 0-based')
        self._splits = [file.split for file in files]

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read the files of all splits and yield group lines."""
        ctx = Context(report, options)
        images, collector = ImageChecks(ctx), ExprCollector()
        known = OFFICIAL_COUNTS.get(self.name)
        for number, path in enumerate(self.files):
            file = ctx._replace(place=Place(path.name))
            split = split_of_file(file, self._splits[number], known)
            if split is None:
                continue
            content = load_coco_lists(path)
            parser = _EntryParser(self, file, content, images=images)
            entries = options.progress(content['images'], path.name)
            for index, record in enumerate(entries):
                collector.add(parser.read(record, split, [number, index]))
        self.image_dirs = images.dirs
        yield from collector.lines()


class Entry(NamedTuple):
    """An expression; ``evaluated`` are the spans of its phrases, in Flickr files."""

    ctx: Context
    id: Optional[int]
    text: Optional[str]
    evaluated: Optional[list]


@dataclass
class Targets:
    """What the annotations of an entry say.

    Attributes:
        instances: usable targets, as in group lines.
        errors: what skips the entry.
        phrases: as in group lines; targets are positions in ``instances``.
        boxes: of the targets as stored.
        keys: what tells the targets from others.
        count: how many targets were listed.
    """

    instances: list[dict] = field(default_factory=list)
    errors: Errors = field(default_factory=list)
    phrases: list[dict] = field(default_factory=list)
    boxes: set[tuple] = field(default_factory=set)
    keys: set = field(default_factory=set)
    count: int = 0


@dataclass
class _Annotation:
    """An annotation of an entry; ``target`` is its position among usable targets."""

    ctx: Context
    record: dict
    spans: list[Span]
    target: Optional[int] = None


class _EntryParser:
    """State of reading one file."""

    def __init__(self, source: MdetrSet, ctx: Context, content: dict, *,
                 images: ImageChecks) -> None:
        self.source = source
        self.ctx = ctx
        self.images = images
        self.entry_ids = UniqueIds()
        categories = category_names(content)
        if source.flavour.first_category is not None:
            categories = dict(enumerate(categories.values(),
                                        source.flavour.first_category))
        if list(categories.values()) != ['object']:
            source.categories.update(categories)
        self.targets = _TargetParser(ctx, content, categories, source.flavour)
        self.required = dict(ENTRY_REQUIRED)
        if source.flavour.one_based:
            self.required[EVALUATED] = is_list

    def read(self, record: object, split: str, src: list[int]) -> FoundExpr:
        """Check an entry with its annotations."""
        ctx = self.ctx.at(f'images[{src[1]}]')
        known, errors = ctx.fields(record, self.required, ENTRY_OPTIONAL)
        ctx = ctx.with_ids(expr_id=known.get('id'))
        image = None
        if {'file_name', 'width', 'height'} <= known.keys():
            ctx, image = self._read_image(ctx, known, errors)
        self.source.read.add(split, ctx.ids.get('image_id'))
        entry = Entry(ctx, known.get('id'), known.get('caption'), known.get(EVALUATED))
        found = self.targets.read(entry, image)
        if ctx.is_fast and found.count > 1 and self.source.dataset in SINGLE_TARGET:
            ctx.note('target_count', found.count)
        expr: dict = {}
        if isinstance(record, dict) and entry.text is not None and (
                entry.id is not None):
            expr = dict(id=self.entry_ids.claim(ctx, entry.id), text=entry.text,
                        phrases=found.phrases, src=src)
            if self.source.flavour.captions:
                expr['caption'] = True
            extra = other_fields(record, self.required, ENTRY_OPTIONAL)
            if extra:
                expr['extra'] = extra
        return FoundExpr(
            ctx, expr, split, image, found.instances, errors + found.errors,
            scope=(ctx.ids.get('image_id'), frozenset(found.boxes)),
            target_keys=frozenset(found.keys))

    def _read_image(self, ctx: Context, entry: dict,
                    errors: Errors) -> tuple[Context, Optional[dict]]:
        """The context with the image's id, and the image."""
        file, number = entry['file_name'], entry.get(
            'original_img_id', entry.get('original_id'))
        number = None if number == -1 else number
        namespace = 'vg' if self.source.dataset in OF_VISUAL_GENOME else (
            self.source.flavour.namespace)
        source = image_of(file, (int(entry['width']), int(entry['height'])), ctx.place,
                          namespace=namespace, number=number,
                          images_are=ctx.options.images_are)
        ctx = ctx.with_ids(image_id=source.id)
        if ctx.is_fast and number is not None and (
                image_number(file) not in (None, number)):
            ctx.at('.file_name').note('file_name_mismatch',
                                      f'{file} for image {number}')
        if image_name(file) != with_slashes(file):
            ctx.at('.file_name').note('file_name_suffix', file)
        image, wrong = self.images.find(source)
        errors += wrong
        return ctx, image


class _TargetParser:
    """Finds the annotations of each entry of a file.

    Args:
        ctx: the file's.
        content: the file.
        categories: their names by id.
        flavour: how to read it.
    """

    def __init__(self, ctx: Context, content: dict, categories: dict[int, str],
                 flavour: Flavour) -> None:
        self._ctx = ctx
        self._flavour = flavour
        self._categories = categories
        self._has_categories = list(categories.values()) != ['object']
        self._records = content['annotations']
        self._instance_ids = InstanceIds()
        self._numbers: dict[int, list[int]] = {}
        self._ids: dict[int, object] = {}
        self._index(content)

    def read(self, entry: Entry, image: Optional[dict]) -> Targets:
        """Check the annotations of an entry."""
        found, annotations, empty = Targets(), [], 0
        taken: dict[int, Optional[int]] = {}
        numbers = [] if entry.id is None else self._numbers.get(entry.id, [])
        for number in numbers:
            ctx = self._at(number)._replace(ids=entry.ctx.ids)
            record, errors = ctx.fields(self._records[number], ANN_REQUIRED,
                                        ANN_OPTIONAL)
            found.errors += errors
            spans = [] if entry.text is None else usable_spans(
                ctx.at('.tokens_positive'), record.get('tokens_positive', []),
                len(entry.text))
            annotation = _Annotation(ctx, record, spans)
            annotations.append(annotation)
            if 'bbox' not in record:
                continue
            marked = self._is_empty(record, found.errors)
            empty += marked
            original = record.get('original_id', -1)
            if marked or original in taken:
                annotation.target = taken.get(original)
                if not marked:
                    ctx.note('target_duplicate', original)
                continue
            found.count += 1
            annotation.target = self._add_target(ctx, number, record, image, found)
            if original != -1:
                taken[original] = annotation.target
        if empty and found.count:
            found.errors.append(('no_target_encoding', 'no target, and a box'))
        if not annotations and not self._flavour.captions and entry.id is not None:
            found.errors.append(('target_missing', 'no annotation'))
        found.phrases = _phrases(annotations, entry)
        return found

    def _at(self, number: int) -> Context:
        return self._ctx.at(f'annotations[{number}]')

    def _index(self, content: dict) -> None:
        """Note which annotations each entry has; report those of none."""
        unique = UniqueIds()
        for number, entry_id in annotations_of_entries(self._ctx, content, 'skip'):
            self._numbers.setdefault(entry_id, []).append(number)
            ann_id = self._records[number].get('id')
            if is_int(ann_id):
                self._ids[number] = unique.claim(self._at(number), ann_id)

    def _is_empty(self, record: dict, errors: Errors) -> bool:
        """Whether an annotation says that there is no target."""
        if self._flavour.captions:
            return False
        no_box = not any(record['bbox'])
        says = None if 'empty' not in record else bool(record['empty'])
        marked = says is True or record.get('category_id') == -1 or (
            no_box and record.get('original_id') == -1)
        if marked and (says is False or not no_box):
            errors.append(('no_target_encoding', f'empty {says}, box {record["bbox"]}, '
                           f'category {record.get("category_id")}'))
        return marked

    def _add_target(self, ctx: Context, number: int, record: dict,
                    image: Optional[dict], found: Targets) -> Optional[int]:
        """Check a box; its position among the targets, None when it is of no use."""
        x, y, w, h = map(float, record['bbox'])
        near, stored = 1 if self._flavour.one_based else 0, ctx.options.box
        bbox = [x - near, y - near, x + w, y + h] if stored is None else corners(
            (x, y, w, h), stored)
        category_id = record.get('category_id')
        if ctx.is_fast and self._categories and category_id is not None and (
                category_id not in self._categories):
            ctx.at('.category_id').note('category_unknown', category_id)
        if record.get('iscrowd') == -1:
            ctx.at('.iscrowd').note('bad_type', -1)
        original = record.get('original_id', -1)
        if original == -1:  # without an id that entries share
            own_id, key = self._ids.get(number, str(number)), (x, y, w, h)
        else:
            own_id, key = self._instance_ids.claim(
                ctx, original, tuple(record['bbox']), ''), original
        segm = self._records[number].get('segmentation')
        instance, errors = checked_object(ctx, SourceObject(
            own_id, bbox, size=(w, h) if stored in (None, 'xywh') else None,
            category_id=category_id if self._has_categories else None,
            iscrowd=max(int(record.get('iscrowd', 0)), 0), area=record.get('area'),
            segm=segm, has_mask=segm is not None), image)
        found.keys.add(key)
        found.boxes.add((x, y, w, h))
        if errors and self._flavour.captions:
            ctx.skip(errors, 'box_dropped')
            return None
        found.errors += errors
        found.instances.append(instance)
        return len(found.instances) - 1


def _phrases(annotations: list[_Annotation], entry: Entry) -> list[dict]:
    """The phrases of a caption: those evaluated, or those that boxes have."""
    if entry.evaluated is not None and entry.text is not None:
        return _evaluated_phrases(annotations, entry, entry.evaluated, entry.text)
    phrases: dict[tuple, list[int]] = {}
    for annotation in annotations:
        spans = tuple(sorted(map(tuple, annotation.spans)))
        if spans:
            targets = phrases.setdefault(spans, [])
            if annotation.target is not None:
                targets.append(annotation.target)
    return [dict(span=[list(span) for span in spans], targets=targets)
            for spans, targets in phrases.items()]


def _evaluated_phrases(annotations: list[_Annotation], entry: Entry,
                       listed: list, text: str) -> list[dict]:
    phrases: list[dict] = []
    evaluated: set[tuple] = set()
    for number, spans in enumerate(listed):
        ctx = entry.ctx.at(f'.{EVALUATED}[{number}]')
        if not isinstance(spans, list):
            ctx.skip([('bad_type', show(spans))], 'phrase_dropped')
            continue
        spans = usable_spans(ctx, spans, len(text))
        wanted = set(map(tuple, spans))
        evaluated |= wanted
        targets = [annotation.target for annotation in annotations
                   if annotation.target is not None
                   and wanted & set(map(tuple, annotation.spans))]
        if spans and targets:
            phrases.append(dict(span=sorted(spans), targets=targets))
        elif spans:
            ctx.skip([('phrase_unboxed', spans)], 'phrase_dropped')
    for annotation in annotations if entry.ctx.is_fast else ():
        for number, span in enumerate(annotation.record.get('tokens_positive', ())):
            if span in annotation.spans and tuple(span) not in evaluated:
                annotation.ctx.at(f'.tokens_positive[{number}]').note(
                    'span_not_evaluated', span)
    return phrases
