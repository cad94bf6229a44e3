"""Own files of COCO's shape, with a sentence for each annotation."""
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Optional, Union

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers.base import Context, Errors, ReadOptions, SourceSet
from segvg.annotations.readers.coco_instances import category_names, load_coco_lists
from segvg.annotations.readers.field_checks import (
    Fields,
    is_box,
    is_flag,
    is_id,
    is_int,
    is_size,
    is_text,
    list_of,
    plain_extra,
    show,
)
from segvg.annotations.readers.ids import UniqueIds
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
from segvg.annotations.readers.own.tables import find_columns, read_table
from segvg.annotations.readers.source_files import find_files

#: Fields of an annotation that are known to hold its sentence, or a list of them.
TEXT_FIELDS = ('caption', 'description', 'phrase', 'sentence', 'sentences',
               'expression', 'expressions', 'text')
#: key of --columns -> names of the columns of a table of sentences
SENTENCE_COLUMNS: dict[str, tuple[str, ...]] = dict(
    id=('id', 'annid', 'annotationid', 'annotation', 'objectid'),
    text=('text', 'sentence', 'caption', 'description', 'phrase', 'expression'))
IMAGE_REQUIRED = Fields(id=is_id, file_name=is_text)
IMAGE_OPTIONAL = Fields(width=is_size, height=is_size, split=is_text)
REQUIRED = Fields(id=is_id, image_id=is_id, bbox=is_box)
OPTIONAL = Fields(category_id=is_int, iscrowd=is_flag)
KNOWN = (*REQUIRED, *OPTIONAL, 'segmentation', 'area')

Id = Union[int, str]


def find_coco_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per file, or per name of the files without their splits."""
    groups: dict[tuple, dict[Path, None]] = {}
    for source in sources:
        found = find_files(source, '*.json')
        if not found:
            raise FileNotFoundError(f'no *.json in {source}')
        for path in found:
            groups.setdefault((dataset_name(path), path.parent), {})[path] = None
    if options.sentences is not None and sum(map(len, groups.values())) > 1:
        raise ValueError('--sentences is for one COCO file at a time: ids of '
                         'annotations may repeat in other files')
    return [CocoSet(options.dataset or name, list(paths), options.sentences)
            for (name, _), paths in groups.items()]


class CocoSet(OwnSet):
    """Files of one data set."""

    source_box = 'COCO: x, y, w, h, 0-based'
    column_keys = ('split', *SENTENCE_COLUMNS)

    def __init__(self, name: str, files: list[Path],
                 sentences: Optional[Path] = None) -> None:
        super().__init__(safe_name(name), files + ([sentences] if sentences else []),
                         files[0].parent)
        self.text_field = ''
        self._instances = files

    def sentences(self, ctx: Context) -> Iterator[OwnSentence]:
        """The annotations of all files."""
        table = _SentenceTable(self, ctx) if ctx.options.sentences else None
        for number, path in enumerate(self._instances):
            yield from _File(self, ctx.at_file(path, self.root), path, number,
                             table).records()
        if table is not None:
            yield from table.unused()


class _File:
    """Reads one file."""

    def __init__(self, source: CocoSet, ctx: Context, path: Path, number: int,
                 table: Optional['_SentenceTable']) -> None:
        self.ctx = ctx
        self.number = number
        self.table = table
        self.content = load_coco_lists(path)
        self.categories = category_names(self.content)
        source.categories.update(self.categories)
        self.split = str(split_of_path(PurePosixPath(path.name)) or '')
        self.images: dict[Id, list[tuple[int, dict]]] = {}
        for index, image in enumerate(self.content['images']):
            key = image.get('id') if isinstance(image, dict) else None
            if is_id(key):
                self.images.setdefault(key, []).append((index, image))
            else:
                ctx.at(f'images[{index}]').note(
                    'missing_field', f'id of an image: {show(image)}')
        if table is None:
            source.text_field = _text_field(path, self.content['annotations'],
                                            ctx.options.text_field)
            source.say(f'{path.name}: the sentences are in the field '
                       f'{source.text_field!r}')
        self.field = source.text_field
        ids = Counter(str(record.get('id')) for record in self.content['annotations']
                      if isinstance(record, dict))
        self.repeated = {key for key, count in ids.items() if count > 1}

    def records(self) -> Iterator[OwnSentence]:
        """The annotations, and the images without any."""
        unique, used = UniqueIds(), set()
        annotations = self.content['annotations']
        for index, record in enumerate(self.ctx.options.progress(
                annotations, self.ctx.place.file)):
            ctx = self.ctx.at(f'annotations[{index}]')
            fields, errors = ctx.fields(record, REQUIRED, OPTIONAL)
            used.add(fields.get('image_id'))
            yield self._read(ctx, record if isinstance(record, dict) else {}, fields,
                             errors, unique, index)
        for key, found in self.images.items():
            if key not in used:
                self.ctx.at(f'images[{found[0][0]}]').note('image_without_expressions')

    def _read(self, ctx: Context, record: Mapping[str, Any], fields: dict,
              errors: Errors, unique: UniqueIds, index: int) -> OwnSentence:
        texts = self._texts(ctx, record, fields, errors)
        split, image = self._image(fields, errors)
        category, objects = fields.get('category_id'), []
        if self.ctx.is_fast and self.categories and category is not None and (
                category not in self.categories):
            ctx.at('.category_id').note('category_unknown', category)
        if 'bbox' in fields and 'id' in fields:
            box = corners(fields['bbox'], ctx.options.box)
            key = fields['id']
            object_id = unique.claim(ctx, key)
            objects = [OwnObject(
                ctx, exactly(box, record.get('segmentation') or None),
                object_id if is_id(object_id) else None, category,
                int(fields.get('iscrowd', 0)))]
        extra = plain_extra(dict(record), (*KNOWN, self.field, *TEXT_FIELDS)) or {}
        return OwnSentence(ctx, split or self.split, image, texts, objects, errors,
                           extra, (self.number, index))

    def _texts(self, ctx: Context, record: Mapping[str, Any], fields: dict,
               errors: Errors) -> list:
        if self.table is not None:
            key = str(fields.get('id'))
            if key in self.repeated:
                errors.append(('id_duplicate', f'several annotations have the id {key}'
                               ', so it is unclear whose the sentences are'))
            return self.table.take(key)
        value = record.get(self.field)
        if value is None:
            return []
        texts = value if isinstance(value, list) else [value]
        if not list_of(is_text)(texts):
            errors.append(('bad_type', f'{self.field}: {show(value)}'))
            return [None]
        return texts

    def _image(self, fields: dict,
               errors: Errors) -> tuple[str, Optional[OwnImage]]:
        key = fields.get('image_id')
        if key is None:
            return '', None
        if key not in self.images:
            errors.append(('dangling_image', key))
            return '', None
        found = self.images[key]
        if len(found) > 1:
            errors.append(('id_duplicate', f'{len(found)} images have the id {key}'))
            return '', None
        index, record = found[0]
        ctx = self.ctx.at(f'images[{index}]')
        image, wrong = ctx.fields(record, IMAGE_REQUIRED, IMAGE_OPTIONAL)
        errors += [(code, f'images[{index}]: {value}') for code, value in wrong]
        split = image.get(self.ctx.options.columns.get('split', 'split'), '')
        name = image.get('file_name', '')
        if not name.strip():
            return split, None
        size = (image.get('width'), image.get('height'))
        return split, named_image('', name, *(size if None not in size else (
            None, None)))


def _text_field(path: Path, annotations: list, said: Optional[str]) -> str:
    """The field of annotations that holds sentences; an error when that is unclear."""
    counts = Counter(name for record in annotations if isinstance(record, dict)
                     for name, value in record.items()
                     if is_text(value) or list_of(is_text)(value) and value)
    found = [said] if said is not None else [
        name for name in TEXT_FIELDS if counts[name]]
    if len(found) == 1 and counts[found[0]]:
        return found[0]
    names = ', '.join(sorted(str(name) for name in counts)) or 'no field with text'
    if len(found) > 1:
        raise AnnotationFileError(path, (
            f'annotations have the fields {" and ".join(found)}: say which is the '
            f'sentence, --text-field {found[0]}'), code='bad_type')
    raise AnnotationFileError(path, (
        f'no annotation has {said or " or ".join(TEXT_FIELDS)}, the sentence; they '
        f'have {names}. Say --text-field NAME, or --sentences FILE.csv with the '
        'columns id and sentence. Sentences can be made of category names: '
        'tools/make_expressions.py'), code='missing_field')


class _SentenceTable:
    """The sentences of annotations, by their ids, in a table of their own."""

    def __init__(self, source: CocoSet, ctx: Context) -> None:
        options, path = ctx.options, ctx.options.sentences
        if path is None:
            raise ValueError('the table of sentences is missing')
        self._number = len(source.files) - 1
        self._ctx = ctx._replace(place=ctx.place._replace(file=path.name))
        table = read_table(path, SENTENCE_COLUMNS, options.encoding)
        said = {key: name for key, name in options.columns.items()
                if key in SENTENCE_COLUMNS}
        if options.text_field is not None:
            said['text'] = options.text_field
        columns = find_columns(path, table.columns, said, SENTENCE_COLUMNS)
        missing = [key for key in SENTENCE_COLUMNS if key not in columns]
        if missing:
            raise AnnotationFileError(path, (
                f'no column for {" and ".join(missing)}; its columns are '
                f'{", ".join(table.columns)}. Say --columns '
                + ' '.join(f'{key}=NAME' for key in missing)), code='missing_field')
        self._texts: dict[str, list[str]] = {}
        self._places: dict[str, list[int]] = {}
        self._broken = []
        for row in table.rows:
            if row.cells is None:
                self._broken.append(row)
                continue
            key = row.cells[columns['id']].strip()
            self._texts.setdefault(key, []).append(row.cells[columns['text']].strip())
            self._places.setdefault(key, []).append(row.line)
        source.text_field = columns['text']
        source.say(f'{path.name}: {len(table.rows)} sentences, by the id of their '
                   'annotation')

    def take(self, key: str) -> list[str]:
        """The sentences of an annotation, once."""
        return self._texts.pop(key, [])

    def unused(self) -> Iterator[OwnSentence]:
        """Rows that could not be used, and those of annotations that are not there."""
        for row in self._broken:
            yield self._lost(row.line, ('bad_type', row.error))
        for key in self._texts:
            for line in self._places[key]:
                yield self._lost(line, ('dangling_ann', key))

    def _lost(self, line: int, error: tuple[str, object]) -> OwnSentence:
        return OwnSentence(self._ctx.at(f'line:{line}'), '', None, [None], [], [error],
                           src=(self._number, line))
