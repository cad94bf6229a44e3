"""LabelMe: a JSON file for each image, with the sentence as label or description."""
import base64
import io
import math
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Optional

import numpy as np
from PIL import Image

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.files.json_values import load_json
from segvg.annotations.readers.base import Context, Errors, ReadOptions, SourceSet
from segvg.annotations.readers.field_checks import (
    Fields,
    is_anything,
    is_finite,
    is_list,
    is_size,
    is_text,
    or_none,
    show,
)
from segvg.annotations.readers.own.names import named_image, safe_name, split_of_path
from segvg.annotations.readers.own.records import (
    OwnImage,
    OwnObject,
    OwnSentence,
    Shape,
)
from segvg.annotations.readers.own.sets import OwnSet
from segvg.annotations.readers.source_files import find_files
from segvg.structures.images import DECODING_ERRORS
from segvg.structures.masks import MAX_PIXELS, object_pixels

TEXT_FIELDS = ('description', 'label')
CIRCLE_POINTS = 64
FILE_REQUIRED = Fields(shapes=is_list, imagePath=is_text)
FILE_OPTIONAL = Fields(imageWidth=or_none(is_size), imageHeight=or_none(is_size))
SHAPE_REQUIRED = Fields(label=is_text, points=is_list)
SHAPE_OPTIONAL = Fields(description=or_none(is_text), shape_type=or_none(is_text),
                        group_id=is_anything)
LEAST_POINTS = dict(rectangle=2, polygon=3, circle=2, mask=2)


def find_labelme_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per folder, with the files of its subfolders, or of the files given."""
    sets: list[SourceSet] = []
    files = [source for source in sources if source.is_file()]
    for source in sources:
        found = find_files(source, '**/*.json')
        if source.is_dir():
            if not found:
                raise FileNotFoundError(f'no *.json in {source} or its subfolders')
            sets.append(LabelmeSet(options.dataset or source.resolve().name, found,
                                   source))
    if files:
        sets.append(LabelmeSet(options.dataset or files[0].resolve().parent.name, files,
                               files[0].parent))
    return sets


class LabelmeSet(OwnSet):
    """The files of a folder."""

    source_box = 'LabelMe: points x, y, 0-based'
    text_fields = TEXT_FIELDS

    def __init__(self, name: str, files: list[Path], root: Path) -> None:
        super().__init__(safe_name(name), files, root)
        self.text_field = ''

    def sentences(self, ctx: Context) -> Iterator[OwnSentence]:
        """The shapes of all files; those of one group are one object."""
        field = ctx.options.text_field
        self.text_field = field or 'description, or label'
        self.say(f'the sentence of a shape is its {field}' if field else
                 'the sentence of a shape is its description, or its label where the '
                 'description is empty; --text-field takes one of them')
        for number, path in enumerate(ctx.options.progress(self.files, self.name)):
            where = ctx._replace(place=ctx.place._replace(
                file=_relative(path, self.root).as_posix()))
            yield from self._read_file(where, path, number)

    def _read_file(self, ctx: Context, path: Path, number: int
                   ) -> Iterator[OwnSentence]:
        try:
            content = load_json(path)
        except AnnotationFileError as error:  # the other files can be used
            yield OwnSentence(ctx, self._split(path), None, [None], [],
                              [(error.code, error.reason)], src=(number, 0))
            return
        fields, errors = ctx.fields(content, FILE_REQUIRED, FILE_OPTIONAL)
        image = self._image(path, fields, errors)
        shapes = fields.get('shapes', [])
        if errors and not shapes:
            yield OwnSentence(ctx, self._split(path), image, [None], [], errors,
                              src=(number, 0))
        elif not shapes:
            ctx.note('image_without_expressions')
        for index, group in _groups(shapes):
            record = _Shapes(ctx, shapes, group, self.text_field)
            yield OwnSentence(ctx.at(f'shapes[{index}]'), self._split(path), image,
                              record.texts(), record.objects(),
                              errors + record.errors, record.extra(), (number, index))

    def _image(self, path: Path, fields: dict, errors: Errors) -> Optional[OwnImage]:
        name = fields.get('imagePath', '')
        if not name.strip():
            errors += [('missing_field', 'imagePath')] if 'imagePath' in fields else []
            return None
        size = (fields.get('imageWidth'), fields.get('imageHeight'))
        folder = _relative(path, self.root).parent.as_posix()
        return named_image('' if folder == '.' else folder, name, *(
            size if None not in size else (None, None)))

    def _split(self, path: Path) -> str:
        folder = _relative(path, self.root).parent
        return str(split_of_path(folder / '_') or '')


def _relative(path: Path, root: Path) -> PurePosixPath:
    inside = path.is_relative_to(root)
    return PurePosixPath(path.relative_to(root).as_posix() if inside else path.name)


def _groups(shapes: list) -> list[tuple[int, list[int]]]:
    """Numbers of the shapes of each object: one, or those of a label and group id."""
    groups: dict[object, list[int]] = {}
    for index, shape in enumerate(shapes):
        group = shape.get('group_id') if isinstance(shape, dict) else None
        key = ('alone', index) if group is None else (
            'group', show(group), show(shape.get('label')))
        groups.setdefault(key, []).append(index)
    return [(members[0], members) for members in groups.values()]


class _Shapes:
    """The shapes of one object, checked."""

    def __init__(self, ctx: Context, shapes: list, group: list[int],
                 text_field: str) -> None:
        self.errors: Errors = []
        self._ctx = ctx.at(f'shapes[{group[0]}]')
        self._text_field = text_field
        self._records: list[dict[str, Any]] = []
        for index in group:
            fields, errors = ctx.at(f'shapes[{index}]').fields(
                shapes[index], SHAPE_REQUIRED, SHAPE_OPTIONAL)
            kind = fields.get('shape_type') or 'polygon'
            if not errors and kind not in LEAST_POINTS:
                errors = [('bad_type', f'a shape of type {kind!r}: read are '
                           f'{", ".join(LEAST_POINTS)}')]
            elif not errors:
                errors = _check_points(kind, fields['points'])
            if not errors and kind == 'mask':
                fields['mask'] = shapes[index].get('mask')
                if len(group) > 1:
                    errors = [('bad_type', 'a mask in a group of shapes')]
            self.errors += errors
            self._records.append({**fields, 'kind': kind})

    def texts(self) -> list:
        """The sentence; of a group the first that there is."""
        texts = [self._text(record) for record in self._records]
        return [next(filter(None, texts), texts[0])]

    def _text(self, record: dict) -> Optional[str]:
        if self._text_field in TEXT_FIELDS:
            return record.get(self._text_field)
        text = record.get('description')
        return text if text and text.strip() else record.get('label')

    def objects(self) -> list[OwnObject]:
        """The object."""
        return [] if self.errors else [OwnObject(self._ctx, self._shape)]

    def extra(self) -> dict:
        """Label, where it is not the sentence."""
        label = self._records[0].get('label')
        return {'label': label} if label and self.texts() != [label] else {}

    def _shape(self, width: int, height: int) -> Shape:
        first = self._records[0]
        if first['kind'] == 'mask':
            return _mask_shape(first, width, height)
        polygons = [_polygon(record['kind'], record['points'])
                    for record in self._records]
        numbers = [number for polygon in polygons for number in polygon]
        xs, ys = numbers[::2], numbers[1::2]
        is_box = all(record['kind'] == 'rectangle' for record in self._records)
        return Shape([min(xs), min(ys), max(xs), max(ys)], None if is_box else polygons)


def _check_points(kind: str, points: list) -> Errors:
    if not all(isinstance(point, list) and len(point) == 2
               and all(map(is_finite, point)) for point in points):
        return [('bad_type', f'points: {show(points)}, expected [x, y], ...')]
    least = LEAST_POINTS[kind]
    is_enough = len(points) >= least if kind == 'polygon' else len(points) == least
    # newer versions write all four corners of a rectangle
    if is_enough or (kind == 'rectangle' and len(points) == 4):
        return []
    return [('mask_bad_polygon', f'{len(points)} points of a {kind}')]


def _polygon(kind: str, points: list) -> list[float]:
    """The outline of a shape, x1, y1, x2, y2, ..."""
    if kind == 'polygon' or len(points) > 2:
        return [float(number) for point in points for number in point]
    (x1, y1), (x2, y2) = points
    if kind == 'rectangle':
        return [float(number) for number in (x1, y1, x2, y1, x2, y2, x1, y2)]
    radius = math.hypot(x2 - x1, y2 - y1)  # center, and a point of the circle
    angles = [2 * math.pi * step / CIRCLE_POINTS for step in range(CIRCLE_POINTS)]
    return [number for angle in angles for number in (
        x1 + radius * math.cos(angle), y1 + radius * math.sin(angle))]


def _mask_shape(record: dict, width: int, height: int) -> Shape:
    """The shape of a picture that covers the box between two points, ends included."""
    (x1, y1), (x2, y2) = [[round(number) for number in point]
                          for point in record['points']]
    x1, x2, y1, y2 = min(x1, x2), max(x1, x2) + 1, min(y1, y2), max(y1, y2) + 1
    if not (0 <= x1 and 0 <= y1 and x2 <= width and y2 <= height
            and width * height <= MAX_PIXELS):
        raise ValueError(f'a mask from {x1}, {y1} to {x2}, {y2} in an image of '
                         f'{width} x {height}')
    if not is_text(record['mask']):
        raise ValueError(f'mask: {show(record["mask"])}, expected a picture as text')
    try:
        data = base64.b64decode(record['mask'], validate=True)
        with Image.open(io.BytesIO(data), formats=('PNG',)) as picture:
            if picture.size != (x2 - x1, y2 - y1):
                raise ValueError(f'its size is {picture.size}, its points say '
                                 f'{(x2 - x1, y2 - y1)}')
            part = object_pixels(picture)
    except DECODING_ERRORS as error:
        raise ValueError(f'mask: {error}') from None
    mask = np.zeros((height, width), dtype=bool)
    mask[y1:y2, x1:x2] = part
    if not part.any():
        raise ValueError('mask: no pixel is set')
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return Shape([float(columns[0]), float(rows[0]), float(columns[-1] + 1),
                  float(rows[-1] + 1)], mask)
