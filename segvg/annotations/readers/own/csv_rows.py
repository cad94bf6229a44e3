"""CSV and TSV: a row for each sentence, with the box of what it means."""
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Optional

from segvg.annotations.checks import Place
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers.base import Context, Errors, ReadOptions, SourceSet
from segvg.annotations.readers.images import is_inside
from segvg.annotations.readers.objects import corners
from segvg.annotations.readers.own.names import (
    dataset_name,
    named_image,
    safe_name,
    split_of_path,
)
from segvg.annotations.readers.own.records import (
    OwnImage,
    OwnObject,
    OwnSentence,
    exactly,
)
from segvg.annotations.readers.own.sets import OwnSet
from segvg.annotations.readers.own.tables import (
    DELIMITERS,
    Decimals,
    Row,
    find_columns,
    plain,
    read_table,
)
from segvg.annotations.readers.source_files import find_files

PATTERNS = ('*.csv', '*.tsv')
#: key of --columns -> names that its column may have
COLUMNS: dict[str, tuple[str, ...]] = dict(
    image=('image', 'file', 'filename', 'imagepath', 'imagefile', 'imagename', 'img',
           'path', 'photo', 'photograph'),
    text=('text', 'sentence', 'expression', 'caption', 'description', 'phrase',
          'query', 'referringexpression'),
    mask=('mask', 'maskfile', 'maskpath', 'segmentation'),
    split=('split', 'subset', 'partition'),
    width=('imagewidth', 'imgwidth'), height=('imageheight', 'imgheight'),
    sentence_id=('sentenceid', 'expressionid', 'exprid'))
CORNERS: dict[str, tuple[str, ...]] = dict(
    x1=('x1', 'xmin', 'left'), y1=('y1', 'ymin', 'top'),
    x2=('x2', 'xmax', 'right'), y2=('y2', 'ymax', 'bottom'))
SIZES: dict[str, tuple[str, ...]] = dict(
    x=('x', 'x1', 'xmin', 'left'), y=('y', 'y1', 'ymin', 'top'),
    w=('w', 'width', 'boxwidth'), h=('h', 'height', 'boxheight'))
NOTHING = 'none'  # in the cells of a box: the sentence describes nothing here
BOXES = dict(zip(('xyxy', 'xywh', 'xyxy-inclusive'), (
    'corners x1, y1, x2, y2, of which x2 and y2 are the first column and row outside',
    'x, y of the upper left corner, then width and height',
    'corners x1, y1, x2, y2, of which x2 and y2 are the last column and row inside')))


def find_csv_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per name of a table without its split."""
    groups: dict[tuple, dict[Path, None]] = {}
    for source in sources:
        found = find_files(source, *PATTERNS)
        if not found:
            raise FileNotFoundError(f'no {" or ".join(PATTERNS)} in {source}')
        for path in found:
            groups.setdefault((dataset_name(path), path.parent), {})[path] = None
    return [CsvSet(options.dataset or name, list(paths))
            for (name, _), paths in groups.items()]


class CsvSet(OwnSet):
    """Tables of one data set."""

    text_field = 'the column of sentences'
    column_keys = (*COLUMNS, *CORNERS, *SIZES)

    def __init__(self, name: str, files: list[Path]) -> None:
        super().__init__(safe_name(name), files, files[0].parent)
        self.source_box = ''

    def sentences(self, ctx: Context) -> Iterator[OwnSentence]:
        """The rows of all tables."""
        stored = ctx.options.box or 'xyxy'
        self.source_box = f'CSV: {stored}, 0-based'
        for number, path in enumerate(self.files):
            yield from _Table(self, ctx.at_file(path, self.root), path, number, stored
                              ).sentences()
        other = ', '.join(name for name in BOXES if name != stored)
        self.say(f'boxes are read as {BOXES[stored]}, counted from 0 (--box {stored}; '
                 f'there are {other})')


class _Table:
    """Reads the rows of one table."""

    def __init__(self, source: CsvSet, ctx: Context, path: Path, number: int,
                 stored: str) -> None:
        self.ctx = ctx
        self.path = path
        self.number = number
        self.stored = stored
        options = ctx.options
        box = SIZES if stored == 'xywh' else CORNERS
        wanted = {**COLUMNS, **box}
        self.box = tuple(box)
        self.table = read_table(path, wanted, options.encoding)
        said = dict(options.columns)
        if options.text_field is not None:
            said['text'] = options.text_field
        self.columns = _check(path, self.table.columns, said, wanted,
                              self.box)
        self.split = str(split_of_path(PurePosixPath(path.name)) or '')
        cells = [cell for row in self.table.rows for cell in self._cells(row, self.box)]
        self.sentence_ids: dict[tuple[str, str], str] = {}
        self.decimals = Decimals(cells, self.table.delimiter)
        unused = [name for name in self.table.columns
                  if name not in self.columns.values()]
        source.say(f'{path.name}: {len(self.table.rows)} rows, cells between '
                   f'{DELIMITERS[self.table.delimiter]}; ' + ', '.join(
                       f'{key} is {name!r}' for key, name in self.columns.items())
                   + (f'; kept as extra: {", ".join(unused)}' if unused else ''))

    def sentences(self) -> Iterator[OwnSentence]:
        """The rows."""
        rows = self.ctx.options.progress(self.table.rows, self.path.name)
        for index, row in enumerate(rows):
            ctx = self.ctx._replace(place=Place(self.ctx.place.file,
                                                f'line:{row.line}'))
            src = (self.number, index)
            if row.cells is None:
                yield OwnSentence(ctx, self.split, None, [None], [],
                                  [('bad_type', row.error)], src=src)
                continue
            yield self._read(ctx, row, row.cells, src)

    def _read(self, ctx: Context, row: Row, cells: Mapping[str, str],
              src: tuple[int, int]) -> OwnSentence:
        known = set(self.columns.values())
        extra = {name: cell for name, cell in cells.items()
                 if name not in known and name and cell.strip()}
        errors: Errors = []
        image, text = self._image(row, errors), self._cell(row, 'text')
        sentence_id = self._cell(row, 'sentence_id')
        key = (self._cell(row, 'image'), sentence_id)
        if sentence_id and self.sentence_ids.setdefault(key, text) != text:
            errors.append(('id_duplicate', f'an earlier row with {sentence_id!r} says '
                           f'{self.sentence_ids[key]!r}'))
        return OwnSentence(
            ctx, self._cell(row, 'split') or self.split, image, [text],
            self._objects(ctx, row, errors), errors, extra, src, sentence_id or None)

    def _cells(self, row: Row, keys: Sequence[str]) -> list[str]:
        cells = row.cells or {}
        return [cells.get(self.columns.get(key, ''), '').strip() for key in keys]

    def _cell(self, row: Row, key: str) -> str:
        return self._cells(row, [key])[0]

    def _image(self, row: Row, errors: Errors) -> Optional[OwnImage]:
        name = self._cell(row, 'image')
        if not name:
            errors.append(('missing_field', 'the name of the image is empty'))
            return None
        size: list[Optional[int]] = []
        for cell in self._cells(row, ('width', 'height')):
            value = self._number(cell, errors) if cell else None
            if value is not None and not (value > 0 and value.is_integer()):
                errors.append(('bad_type', f'size of the image: {cell!r}'))
                value = None
            size.append(None if value is None else int(value))
        return named_image('', name, *(size if None not in size else [None, None]))

    def _objects(self, ctx: Context, row: Row, errors: Errors) -> list[OwnObject]:
        cells, mask = self._cells(row, self.box), self._cell(row, 'mask')
        if {cell.lower() for cell in cells} == {NOTHING} and not mask:
            return []
        segm = written = None
        if mask:
            mask = mask.replace('\\', '/')
            path = self.path.parent / mask
            if not is_inside(mask) or not os.path.isfile(path):
                errors.append(('mask_missing', f'{mask} is not a file below '
                               f'{self.path.parent}'))
            segm, written = {'file': str(path)}, {'file': mask}
        if not any(cells):
            if not mask:
                errors.append(('target_missing', 'no box; where the sentence describes '
                               f'nothing in the image, write {NOTHING} in its cells'))
            return [OwnObject(ctx, exactly(None, segm, written))] if mask else []
        box = [self._number(cell, errors, key)
               for cell, key in zip(cells, self.box, strict=True)]
        if None in box:
            return []
        bbox = corners([value for value in box if value is not None], self.stored)
        return [OwnObject(ctx, exactly(bbox, segm, written))]

    def _number(self, cell: str, errors: Errors, key: str = '') -> Optional[float]:
        try:
            return self.decimals.read(cell)
        except ValueError as error:
            errors.append(('bad_type', f'{key}: {error}' if key else str(error)))
            return None


def _check(path: Path, columns: list[str], said: Mapping[str, str],
           wanted: Mapping[str, Sequence[str]],
           box: tuple[str, ...]) -> dict[str, str]:
    """Which column is which; AnnotationFileError when one that is needed is missing."""
    found = find_columns(path, columns, said, wanted)
    missing = [key for key in ('image', 'text') if key not in found]
    if 'mask' not in found or any(key in found for key in box):
        missing += [key for key in box if key not in found]
    if missing:
        advice = ' '.join(f'{key}=NAME' for key in missing)
        is_sized = 'x2' in missing and any(
            plain(name) in SIZES['w'] for name in columns)
        raise AnnotationFileError(path, (
            f'no column for {", ".join(missing)}; its columns are '
            f'{", ".join(map(repr, columns))}. Say which they are: --columns {advice}'
            + (', or --box xywh for boxes by their size' if is_sized else '')),
            code='missing_field')
    return found
