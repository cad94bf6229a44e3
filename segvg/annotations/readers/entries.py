"""Files of SeqTR and its descendants: an object of split name -> list of entries."""
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Optional

from segvg.annotations.checks import Place, Report
from segvg.annotations.official_counts import OFFICIAL_COUNTS
from segvg.annotations.readers.base import (
    Context,
    Errors,
    ReadOptions,
    SourceImage,
    SourceSet,
)
from segvg.annotations.readers.expressions import ExprCollector, FoundExpr
from segvg.annotations.readers.field_checks import (
    Fields,
    is_int,
    is_list,
    is_size,
    is_text,
    plain_extra,
    show,
)
from segvg.annotations.readers.ids import InstanceIds
from segvg.annotations.readers.images import (
    OWN,
    ImageChecks,
    coco_name,
    collection_of,
    other_names,
)
from segvg.annotations.readers.source_files import find_files, load_as
from segvg.annotations.readers.splits import SPLIT_ALIASES

STEM = 'instances'
SPLIT_NAME = re.compile(r'(train|val|test[ABC]*)(_.+)?')
DATA_SOURCE = 'data_source'
# value of data_source -> namespace of the ids of its images
COLLECTIONS = dict(coco='coco', vg='vg', saiaprtc12='saiapr', flickr='flickr30k')
REQUIRED = Fields(image_id=is_int, height=is_size, width=is_size, expressions=is_list)


@dataclass
class Entry:
    """An entry of a split.

    Attributes:
        ctx: where it stands, with ``image_id`` and ``ref_id``.
        name: split and number, such as ``val[3]``; of a nested list ``val[3][0]``.
        split: its split.
        record: the entry as it is in the file.
        fields: those of its fields that have the type expected.
        image: of the group line; None when it cannot be made.
    """

    ctx: Context
    name: str
    split: str
    record: dict
    fields: dict
    image: Optional[dict]


class ExprTargets(NamedTuple):
    """The targets of an expression, and what skips it because of them."""

    instances: list[dict]
    errors: Errors
    scope: object  # texts of one scope should not repeat
    keys: Optional[frozenset] = None  # identify the targets; None takes their ids


class TargetParser(ABC):
    """How a dialect stores the targets of an entry.

    Args:
        content: the file.
        source: its set.
    """

    required: Fields
    optional: Fields
    prefix: str        # of the names of sets
    has_refs: bool     # whether an entry is a ref
    nested: bool       # whether an entry may be a list of entries

    def __init__(self, content: dict, source: SourceSet) -> None:
        self.ids = InstanceIds()

    @abstractmethod
    def read(self, entry: Entry) -> tuple[list[ExprTargets], Errors]:
        """The targets of each expression, and what skips the entry."""

    def mark(self, entry: Entry) -> dict:
        """Further fields of the expressions of an entry."""
        return {}


def is_collection(value: object) -> bool:
    """Whether a value names a collection of images."""
    return is_text(value) and value in COLLECTIONS


def find_entry_files(source: Path, pattern: str) -> list[tuple[Path, Path]]:
    """Root and path of the files of a folder and of those right below, or of a file."""
    root = source.parent if source.is_file() else source
    return [(root, path) for path in find_files(source, pattern, f'*/{pattern}')]


class EntrySet(SourceSet):
    """One file, with all splits."""

    source_box = 'COCO: x, y, w, h, 0-based'
    text_field = 'expressions'
    file_per_split = False

    def __init__(self, path: Path, root: Path, dataset: str, *,
                 targets: type[TargetParser]) -> None:
        end = path.stem.removeprefix(STEM).strip('_')
        name = '_'.join(filter(None, (targets.prefix, dataset.replace('-', '_'), end)))
        super().__init__(name, dataset, None, files=[path])
        self.root = root
        self._targets = targets

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read the file and yield group lines."""
        path = self.files[0]
        ctx = Context(report, options).at_file(path, self.root)
        content = load_as(dict, path, 'splits')
        parser = _Parser(ctx, self, content, self._targets(content, self))
        for name, records in content.items():
            parser.read_split(name, records)
        self.image_dirs = parser.images.dirs
        yield from parser.collector.lines()


class _Parser:
    """State of reading one file."""

    def __init__(self, ctx: Context, source: EntrySet, content: dict,
                 targets: TargetParser) -> None:
        self.ctx = ctx
        self.source = source
        self.targets = targets
        self.images = ImageChecks(ctx)
        self.collector = ExprCollector()
        self.sizes: dict[tuple, tuple[int, int]] = {}
        self.required = {**REQUIRED, **targets.required}
        self.optional = dict(targets.optional)
        self.names_collections = any(
            DATA_SOURCE in record for record in all_records(content))
        if ctx.options.images_are is None and not self.names_collections and (
                collection_of(source.dataset) is None):
            pattern = ctx.options.image_name or '{}.jpg'
            from mmengine.logging import print_log
            print_log(f'{source.name}: {source.dataset!r} is not a published set, so '
                      f'its images are its own, named {pattern}; --images-are and '
                      '--image-name change that', logger='current')

    def read_split(self, name: str, records: object) -> None:
        """Check the entries of a split, and collect the expressions that are kept."""
        ctx, split = self.ctx.at(name), SPLIT_ALIASES.get(name, name)
        match = SPLIT_NAME.fullmatch(split)
        if not match:
            ctx.skip([('split_unknown', name)])
            return
        if split != name or match[2]:
            ctx.note('split_alias', name)
        expected = OFFICIAL_COUNTS.get(self.source.name)
        if expected and split not in expected:
            ctx.note('split_unexpected', name)
        if not isinstance(records, list):
            ctx.skip([('bad_type', show(records))])
            return
        for number, record in enumerate(ctx.options.progress(records, name)):
            is_nested = self.targets.nested and isinstance(record, list)
            where = f'{name}[{number}]'
            if is_nested and not record:
                self.ctx.at(where).skip([('ref_without_sentences', None)])
            for k, part in enumerate(record if is_nested else [record]):
                self._read_entry(split, f'{where}[{k}]' if is_nested else where, number,
                                 part)

    def _read_entry(self, split: str, name: str, number: int, record: object) -> None:
        ctx = self.ctx.at(name)
        required = self.required
        if isinstance(record, dict) and DATA_SOURCE in record and (
                ctx.options.images_are is None):
            required = {**required, DATA_SOURCE: is_collection}
        fields, errors = ctx.fields(record, required, self.optional)
        if self.targets.has_refs:
            ctx = ctx.with_ids(ref_id=name)
        ctx, image = self._read_image(ctx, split, fields, errors)
        entry = Entry(ctx, name, split, record if isinstance(record, dict) else {},
                      fields, image)
        targets, wrong = self.targets.read(entry)
        texts = fields.get('expressions', [])
        if not texts and 'expressions' in fields:
            wrong.append(('ref_without_sentences', ''))
        errors += wrong
        ctx.skip(errors)
        self.source.read.add(split, ctx.ids.get('image_id'), len(texts),
                             int(self.targets.has_refs))
        self.collector.check_leak(ctx, split)
        shared = self._shared_fields(entry, number)
        unknown = ExprTargets([], [], name)
        for k, text in enumerate(texts):
            found = targets[k] if k < len(targets) else unknown
            expr = dict(id=f'{name}#{k}', **shared, text=text)
            self.collector.add(FoundExpr(
                ctx.at(f'.expressions[{k}]').with_ids(expr_id=expr['id']), expr, split,
                None if errors else image,  # the texts are still checked
                found.instances, found.errors, found.scope, found.keys))

    def _read_image(self, ctx: Context, split: str, fields: dict,
                    errors: Errors) -> tuple[Context, Optional[dict]]:
        if not {'image_id', 'width', 'height'} <= fields.keys():
            return ctx, None
        options = ctx.options
        collection = options.images_are or collection_of(self.source.dataset) or OWN
        if self.names_collections and DATA_SOURCE not in fields and not any(
                str(value).startswith(DATA_SOURCE) for _, value in errors):
            ctx.note('missing_field', f'{DATA_SOURCE}, which other entries have; read '
                     f'as {collection}')
        if DATA_SOURCE in fields and options.images_are is None:
            collection = COLLECTIONS[fields[DATA_SOURCE]]
        source = _image(fields, collection, ctx.place, options.image_name)
        ctx = ctx.with_ids(image_id=source.id)
        size = (fields['width'], fields['height'])
        first = self.sizes.setdefault((split, source.id), size)
        if first != size:  # an image has one line, and that has one size
            ctx.note('image_size_mismatch', f'{size}, an earlier entry has {first}')
            source.width, source.height = first
        image, wrong = self.images.find(source)
        errors += wrong
        return ctx, image

    def _shared_fields(self, entry: Entry, number: int) -> dict:
        """What all expressions of an entry have in common."""
        shared: dict = dict(src=[0, number])
        if self.targets.has_refs:
            shared['ref_id'] = entry.name
        shared.update(self.targets.mark(entry))
        extra = plain_extra(entry.record, {
            **self.required, **self.optional, DATA_SOURCE: is_collection})
        return {**shared, 'extra': extra} if extra else shared


def all_records(content: dict) -> Iterator[dict]:
    """The entries of a file that are objects, those of nested lists too."""
    for records in content.values():
        for record in records if isinstance(records, list) else ():
            for part in record if isinstance(record, list) else [record]:
                if isinstance(part, dict):
                    yield part


def _image(entry: dict, namespace: str, place: Place,
           pattern: Optional[str]) -> SourceImage:
    """The image of an entry; ``pattern`` says how its file is named."""
    number, file = entry['image_id'], (pattern or '{}.jpg').format(entry['image_id'])
    if namespace == OWN:
        return SourceImage(f'file:{file}', file, entry['width'], entry['height'], place)
    image_id, size = f'{namespace}:{number}', (entry['width'], entry['height'])
    if namespace != 'coco':
        return SourceImage(image_id, file, *size, place)
    file = coco_name(number) if pattern is None else file
    other = file.replace('train', 'val')  # the numbers of both parts are different
    return SourceImage(image_id, file, *size, place, [
        *other_names(file), other, f'val2014/{other}'], {'coco_id': number})
