"""The JSON export of Label Studio: regions of images, with a text for each."""
import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Optional
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers.base import Context, Errors, ReadOptions, SourceSet
from segvg.annotations.readers.field_checks import (
    Fields,
    is_finite,
    is_flag,
    is_id,
    is_list,
    is_record,
    is_size,
    is_text,
    list_of,
    show,
)
from segvg.annotations.readers.own.brush import decode_brush
from segvg.annotations.readers.own.names import (
    dataset_name,
    named_image,
    safe_name,
    split_named,
    split_of_path,
)
from segvg.annotations.readers.own.records import (
    OwnImage,
    OwnObject,
    OwnSentence,
    Shape,
)
from segvg.annotations.readers.own.sets import OwnSet
from segvg.annotations.readers.source_files import find_files, load_as

IMAGE_FIELDS = ('image', 'img', 'photo', 'url')
KINDS = ('rectangle', 'polygon', 'brush')
LABELS = re.compile(r'(\w*?)labels')  # rectanglelabels is a rectangle with labels
UPLOADED = re.compile(r'[0-9a-f]{8}-(?=.)')  # before names of files that were uploaded
LEAST_POINTS = 3
TOLERANCE = 0.5  # percent; regions may end a little outside the image
TASK_REQUIRED = Fields(data=is_record, annotations=is_list)
ANNOTATION_REQUIRED = Fields(result=is_list)
ANNOTATION_OPTIONAL = Fields(was_cancelled=is_flag)
REGION_REQUIRED = Fields(id=is_id, value=is_record)
REGION_OPTIONAL = Fields(original_width=is_size, original_height=is_size,
                         image_rotation=is_finite)


def find_label_studio_sets(sources: list[Path],
                           options: ReadOptions) -> list[SourceSet]:
    """One set per file."""
    sets: list[SourceSet] = []
    for source in sources:
        found = find_files(source, '*.json')
        if not found:
            raise FileNotFoundError(f'no *.json in {source}')
        sets += [LabelStudioSet(options.dataset or dataset_name(path), path)
                 for path in found]
    return sets


class LabelStudioSet(OwnSet):
    """One export."""

    source_box = 'Label Studio: percent of the image'
    column_keys = ('image', 'split')

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(safe_name(name), [path], path.parent)
        self.text_field = ''

    def sentences(self, ctx: Context) -> Iterator[OwnSentence]:
        """The regions of all tasks."""
        path = self.files[0]
        ctx = ctx.at_file(path, self.root)
        tasks = load_as(list, path, 'tasks (the export named JSON)')
        if tasks and all(isinstance(task, dict) and 'annotations' not in task
                         for task in tasks):
            raise AnnotationFileError(
                path, 'its tasks have no annotations: export as JSON, not as JSON-MIN '
                'or CSV', code='missing_field')
        self.text_field = _text_field(path, tasks, ctx.options.text_field)
        self.say(f'the sentence of a region is its field {self.text_field!r}')
        split = str(split_of_path(PurePosixPath(path.name)) or '')
        for number, task in enumerate(ctx.options.progress(tasks, path.name)):
            yield from _Task(self, ctx.at(f'[{number}]'), task, split, number
                             ).sentences()


class _Task:
    """Reads one task: an image, and what annotators said of it."""

    def __init__(self, source: LabelStudioSet, ctx: Context, task: object, split: str,
                 number: int) -> None:
        self.ctx = ctx
        self.field = source.text_field
        self.number = number
        self.fields, self.errors = ctx.fields(task, TASK_REQUIRED)
        data = self.fields.get('data', {})
        said = ctx.options.columns.get('split', 'split')
        named = data.get(said)
        self.split = named if is_text(named) and (
            'split' in ctx.options.columns or split_named(named)) else split
        self.name = self._image_name(data)

    def sentences(self) -> Iterator[OwnSentence]:
        """The regions of all annotators."""
        annotations = self.fields.get('annotations', [])
        if 'annotations' not in self.fields:
            yield self._lost(self.ctx, self.errors)
        elif not annotations:
            self.ctx.note('image_without_expressions', 'no annotation')
        for index, record in enumerate(annotations):
            ctx = self.ctx.at(f'.annotations[{index}]')
            fields, errors = ctx.fields(record, ANNOTATION_REQUIRED,
                                        ANNOTATION_OPTIONAL)
            if errors:
                yield self._lost(ctx, errors)
            elif fields.get('was_cancelled'):
                ctx.skip([('image_without_expressions', 'the annotation was '
                           'cancelled')])
            else:
                yield from self._regions(ctx, fields['result'])

    def _lost(self, ctx: Context, errors: Errors) -> OwnSentence:
        return OwnSentence(ctx, self.split, None, [None], [], errors,
                           src=(0, self.number))

    def _regions(self, ctx: Context, result: list) -> Iterator[OwnSentence]:
        texts: dict[object, list] = {}
        regions: list[tuple[int, dict, str]] = []
        for index, item in enumerate(result):
            kind = _kind(item)
            if kind is None:
                yield self._lost(ctx.at(f'.result[{index}]'), [(
                    'bad_type', f'expected a region or its text, got {show(item)}')])
            elif kind == 'shape':
                regions.append((index, item, _shape_kind(item)))
            if kind is not None and item.get('from_name') == self.field:
                texts.setdefault(show(item.get('id')), []).extend(_texts(item))
        if not regions:
            ctx.note('image_without_expressions', 'no region')
        known = {show(item.get('id')) for _, item, _ in regions}
        for index, item in enumerate(result):
            if _kind(item) == 'text' and item.get('from_name') == self.field and (
                    show(item.get('id')) not in known):
                yield self._lost(ctx.at(f'.result[{index}]'), [(
                    'box_missing', 'a text without a region of its id')])
        for index, item, kind in regions:
            yield self._read(ctx.at(f'.result[{index}]'), item, kind,
                             texts.get(show(item.get('id')), []))

    def _read(self, ctx: Context, item: dict, kind: str, texts: list) -> OwnSentence:
        fields, wrong = ctx.fields(item, REGION_REQUIRED, REGION_OPTIONAL)
        errors = self.errors + wrong
        if kind not in KINDS:
            errors.append(('bad_type', f'a region of type {kind}: read are '
                           f'{", ".join(KINDS)}'))
        if fields.get('image_rotation', 0) != 0:
            errors.append(('bad_type', 'image_rotation: the image was turned by '
                           f'{fields["image_rotation"]} degrees; turn the file itself'))
        width, height = fields.get('original_width'), fields.get('original_height')
        image: Optional[OwnImage] = None
        if self.name is None:
            errors.append(('missing_field', 'the name of the image in .data; say '
                           '--columns image=NAME'))
        else:
            image = self.name if None in (width, height) else self.name._replace(
                width=width, height=height)
        objects = [] if errors else [OwnObject(ctx, _Region(kind, fields['value']))]
        return OwnSentence(ctx, self.split, image, texts, objects, errors,
                           src=(0, self.number))

    def _image_name(self, data: dict) -> Optional[OwnImage]:
        said = self.ctx.options.columns.get('image')
        names = [said] if said else [name for name in IMAGE_FIELDS if name in data]
        value = data.get(names[0]) if names else None
        return uploaded_image(value) if is_text(value) and value.strip() else None


def uploaded_image(address: str) -> OwnImage:
    """The image of an address as Label Studio has it.

    That is a path, an address of the network, ``/data/local-files/?d=path`` or
    ``/data/upload/project/xxxxxxxx-name``.
    """
    try:
        parts = urlsplit(address)
        local = parse_qs(parts.query).get('d')
    except ValueError:
        parts, local = None, None
    if local:
        name = local[0]
    elif parts is not None and (parts.scheme or address.startswith('/data/')):
        name = unquote(parts.path)
    else:
        name = address
    image = named_image('', name)
    base = PurePosixPath(image.name).name
    bare = UPLOADED.sub('', base, count=1)
    return image._replace(said=address, shorter=tuple(
        dict.fromkeys((*image.shorter, *([bare] if bare != base else [])))))


def _kind(item: object) -> Optional[str]:
    """Whether an item is a shape, the text of a shape or another thing; None is odd."""
    if not isinstance(item, dict) or not is_text(item.get('type')) or not (
            isinstance(item.get('value'), dict)):
        return None
    kind = item['type']
    if kind in ('textarea', 'choices', 'labels', 'taxonomy', 'rating', 'number'):
        return 'text'
    return 'other' if kind == 'relation' else 'shape'


def _shape_kind(item: dict) -> str:
    match = LABELS.fullmatch(item['type'])
    return match[1] if match else item['type']


def _texts(item: dict) -> list:
    """The sentences of an item: those of a text area, choices, or the labels."""
    value = item['value']
    key = 'text' if item['type'] == 'textarea' else item['type']
    found = value.get(key)
    if is_text(found):
        return [found]
    return found if list_of(is_text)(found) else [None]


def _text_field(path: Path, tasks: list, said: Optional[str]) -> str:
    """The ``from_name`` of the sentences; an error where that is unclear."""
    counts: Counter[str] = Counter()
    areas: Counter[str] = Counter()
    for item in _items(tasks):
        if is_text(item.get('from_name')) and _kind(item) in ('text', 'shape'):
            counts[item['from_name']] += 1
            areas[item['from_name']] += item['type'] == 'textarea'
    found = [said] if said is not None else [name for name in areas if areas[name]]
    names = ', '.join(counts) or 'none'
    if len(found) > 1:
        raise AnnotationFileError(path, (
            f'there are texts of {" and ".join(found)}: say which is the sentence, '
            f'--text-field {found[0]}'), code='bad_type')
    if not found or not counts[found[0]]:
        raise AnnotationFileError(path, (
            f'no text of a region{"" if said is None else f" named {said}"}; say '
            f'--text-field NAME, the name of a control; there are {names}'),
            code='missing_field')
    return found[0]


def _items(tasks: list) -> Iterator[dict[str, Any]]:
    """All items of results that are objects."""
    for task in tasks:
        annotations = task.get('annotations') if isinstance(task, dict) else None
        for record in annotations if isinstance(annotations, list) else ():
            result = record.get('result') if isinstance(record, dict) else None
            yield from (item for item in (result if isinstance(result, list) else ())
                        if isinstance(item, dict))


class _Region:
    """Makes the shape of a region, in pixels."""

    def __init__(self, kind: str, value: dict) -> None:
        self._kind = kind
        self._value = value

    def __call__(self, width: int, height: int) -> Shape:
        if self._kind == 'brush':
            return self._brush(width, height)
        if self._kind == 'polygon':
            points = self._value.get('points')
            if not is_list(points) or len(points) < LEAST_POINTS or not all(
                    map(_is_point, points)):
                raise ValueError(f'points: {show(points)}, expected three or more')
            outline = [self._point(x, y, width, height) for x, y in points]
            return _shape_of(outline, True)
        x, y, w, h = (self._number(name) for name in ('x', 'y', 'width', 'height'))
        turn = math.radians(self._number('rotation', 0.0))
        left, top = self._point(x, y, width, height)
        right, bottom = w * width / 100, h * height / 100
        if not turn:
            self._point(x + w, y + h, width, height)
            return Shape([left, top, left + right, top + bottom])
        # clockwise, in pixels, about the upper left corner
        cos, sin = math.cos(turn), math.sin(turn)
        return _shape_of([(left + a * cos - b * sin, top + a * sin + b * cos)
                          for a, b in ((0, 0), (right, 0), (right, bottom),
                                       (0, bottom))], False)

    def _number(self, name: str, default: Optional[float] = None) -> float:
        value = self._value.get(name, default)
        if not is_finite(value):
            raise ValueError(f'{name}: {show(value)}, expected a number in percent')
        return float(value)

    def _point(self, x: float, y: float, width: int,
               height: int) -> tuple[float, float]:
        if not (-TOLERANCE <= min(x, y) and max(x, y) <= 100 + TOLERANCE):
            raise ValueError(f'a point at {x:g}, {y:g}: values are percent of the '
                             'image from 0 to 100; are these pixels?')
        return x * width / 100, y * height / 100

    def _brush(self, width: int, height: int) -> Shape:
        code = self._value.get('rle')
        if not isinstance(code, list):
            raise ValueError('a brush without rle: export as JSON with brush masks')
        mask = decode_brush(code, width, height)
        if not mask.any():
            raise ValueError('a brush without a pixel')
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        return Shape([float(columns[0]), float(rows[0]), float(columns[-1] + 1),
                      float(rows[-1] + 1)], mask)


def _is_point(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(is_finite, value))


def _shape_of(outline: list[tuple[float, float]], has_mask: bool) -> Shape:
    xs, ys = zip(*outline)
    return Shape([min(xs), min(ys), max(xs), max(ys)],
                 [[number for point in outline for number in point]]
                 if has_mask else None)
