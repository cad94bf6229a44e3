"""Parquet files as hosted for ``datasets``: copies of RefCOCO, and other sets."""
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Optional

from segvg.annotations.checks import Check, Report
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.files.parquet import column_names, iter_rows
from segvg.annotations.readers.base import Context, ReadOptions, SourceSet
from segvg.annotations.readers.expressions import ExprCollector, FoundExpr
from segvg.annotations.readers.field_checks import is_text
from segvg.annotations.readers.ids import InstanceIds, UniqueIds
from segvg.annotations.readers.images import ImageChecks, image_of
from segvg.annotations.readers.objects import checked_object
from segvg.annotations.readers.parquet_rows import (
    Row,
    RowRef,
    RowText,
    parse_benchmark,
    parse_hc_refloco,
    parse_jxu124,
    parse_lmms,
    parse_ref_adv,
    parse_ref_l4,
    parse_refcoco_m,
)
from segvg.annotations.readers.refer import SentenceParser
from segvg.annotations.readers.reviewed import find_reviewed, reviewed_dataset
from segvg.annotations.readers.splits import SPLIT_ALIASES, SPLIT_NAME, order_by_split

SHARD = re.compile(r'-\d+-of-\d+$')
DATASETS = (('refcoco_plus', r'refcoco(plus|\+|_plus)'), ('refcocog', 'refcocog'),
            ('refcoco', 'refcoco'))


class Kind(NamedTuple):
    """One published form.

    Attributes:
        columns: those that only this form has.
        parse: reads a row; with ``is_numbered`` it is given the row's number, too.
        source_box: how it stores boxes.
        text_field: what becomes the text.
        dataset: the data set; None when the folder says which.
        name: of the set; None joins the names of kind and data set.
        split: of all rows, whatever the files are called; None takes what they say.
        has_ids: whether each text has an id of its own in the source.
        is_numbered: whether the number of a row is its id. Rows are counted over the
            files of a set, in the order of their names, as the ``datasets`` library
            counts them.
    """

    columns: tuple[str, ...]
    parse: Callable[..., Row]
    source_box: str
    text_field: str
    dataset: Optional[str] = None
    name: Optional[str] = None
    split: Optional[str] = None
    has_ids: bool = False
    is_numbered: bool = False

    def read(self, ctx: Context, record: dict, number: int) -> Row:
        """Return what a row holds, the ``number``-th of the set, from 0."""
        if self.is_numbered:
            return self.parse(ctx, record, number)
        return self.parse(ctx, record)


XYWH = 'COCO: x, y, w, h, 0-based'
# name in expressions -> kind
KINDS = {
    'lmms': Kind(('question_id', 'answer'), parse_lmms, XYWH, 'answer'),
    'jxu124': Kind(('ref_id', 'raw_anns'), parse_jxu124, XYWH, 'raw'),
    'jxu124-benchmark': Kind(('ref_list',), parse_benchmark, XYWH, 'raw'),
    'refcoco_m': Kind(('samples',), parse_refcoco_m, XYWH, 'sentences', 'refcoco',
                      'refcoco_m'),
    'ref-l4': Kind(('caption', 'bbox_id'), parse_ref_l4, XYWH, 'caption', 'ref_l4',
                   'ref_l4', has_ids=True),
    'hc-refloco': Kind(('caption', 'source_dataset'), parse_hc_refloco, XYWH, 'caption',
                       'hc_refloco', 'hc_refloco', has_ids=True),
    # the name of its only file says train, but the set is for evaluation
    'ref-adv': Kind(('normal_caption', 'solution'), parse_ref_adv,
                    'x1, y1, x2, y2, 0-based', 'normal_caption', 'ref_adv_s',
                    'ref_adv_s', split='test', is_numbered=True)}
UNKNOWN = 'unknown'


def find_hf_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per kind and folder of parquet files; one per file of no known kind."""
    sets: list[SourceSet] = []
    for source in sources:
        groups: dict[tuple[str, Path], list[Path]] = {}
        paths = sorted(source.rglob('*.parquet')) if source.is_dir() else [source]
        for path in paths:
            folder = path.parent
            while folder.name == 'data' and folder != source:
                folder = folder.parent
            kind = _kind_of(path)
            key = (kind, folder if kind in KINDS else path)
            groups.setdefault(key, []).append(path)
        if not groups:
            raise FileNotFoundError(f'{source} has no parquet file')
        root = source if source.is_dir() else source.parent
        found = [HfSet(kind, folder, files, root=root, name=options.dataset)
                 for (kind, folder), files in groups.items()]
        for path in find_reviewed(root):
            fitting = [one for one in found if one.dataset == reviewed_dataset(path)]
            for one in fitting or found[:1]:
                one.reviewed.append(path)
        sets += found
    return sets


def _kind_of(path: Path) -> str:
    """Name of the kind of a file, UNKNOWN when it is none of them."""
    try:
        columns = set(column_names(path))
    except AnnotationFileError:  # raised again when the set is read
        columns = set()
    return next((name for name, kind in KINDS.items() if columns >= set(kind.columns)),
                UNKNOWN)


def _dataset_of(folder: Path) -> str:
    name = folder.resolve().name.lower()
    for dataset, pattern in DATASETS:
        if re.search(pattern, name):
            return dataset
    return re.sub('[^a-z0-9]+', '_', name).strip('_')


def _split_of(path: Path) -> str:
    """The last part of a name without the numbers of the shard."""
    return re.split('[-_.]', SHARD.sub('', path.stem))[-1]


class HfSet(SourceSet):
    """The parquet files of one kind in one folder."""

    file_per_split = True

    def __init__(self, kind: str, folder: Path, files: list[Path], *, root: Path,
                 name: Optional[str]) -> None:
        facts = KINDS.get(kind, KINDS['lmms'])
        dataset = facts.dataset or _dataset_of(folder)
        own_name = facts.name or f'{kind.replace("-", "_")}_{dataset}'
        super().__init__(name or own_name, dataset, None,
                         files=order_by_split(files, _split_of))
        self.kind = kind
        self.root = root
        self.source_box, self.text_field = facts.source_box, facts.text_field

    def check_kind(self) -> None:
        """Refuse files of no known kind, with an AnnotationFileError."""
        if self.kind == UNKNOWN:
            columns = ', '.join(column_names(self.files[0]))
            raise AnnotationFileError(self.files[0], 'columns of no known set: '
                                      f'{columns}', code='missing_field')

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read all files and yield group lines."""
        self.check_kind()
        ctx = Context(report, options)
        parser = _Parser(ctx, self)
        for number, path in enumerate(self.files):
            file = ctx.at_file(path, self.root)
            split = SPLIT_ALIASES.get(_split_of(path), _split_of(path))
            split = KINDS[self.kind].split or split
            for index, row in enumerate(options.progress(iter_rows(path), path.name)):
                parser.read_row(file.at(f'row:{index}'), row, split, [number, index])
        self.image_dirs = parser.images.dirs
        yield from parser.collector.lines()


class _Parser:
    """State of reading one set."""

    def __init__(self, ctx: Context, source: HfSet) -> None:
        self.source = source
        self.kind = KINDS[source.kind]
        self.rows = 0  # that were read
        self.images = ImageChecks(ctx)
        self.collector = ExprCollector()
        self.sentences = SentenceParser(has_negatives=False, from_bytes=False)
        self.ref_ids, self.expr_ids = UniqueIds(), UniqueIds()
        self.instance_ids = InstanceIds()

    def read_row(self, ctx: Context, record: dict, file_split: str,
                 src: list[int]) -> None:
        """Check a row, and collect the expressions of it that are kept."""
        row = self.kind.read(ctx, record, self.rows)
        self.rows += 1
        split = self._split(ctx, row, file_split)
        ctx, image = self._read_image(ctx, row)
        ctx.skip(row.errors)
        if split is None:
            return
        self.collector.check_leak(ctx, split)
        image_id = ctx.ids.get('image_id')
        if not row.refs:
            self.source.read.add(split, image_id, 0)
        shared = dict(source=self.source.kind.removesuffix('-benchmark'), src=src)
        for ref in row.refs:
            self.source.read.add(split, image_id, len(ref.sentences or ref.texts or ()),
                                 refs=1)
            self._read_ref(ref, FoundExpr(ctx._replace(place=ref.place), shared, split,
                                          image, [], row.errors))

    def _split(self, ctx: Context, row: Row, file_split: str) -> Optional[str]:
        """The split that the row says, else the one of the file's name."""
        name = file_split if row.split is None else row.split
        split = SPLIT_ALIASES.get(name, name) if is_text(name) else ''
        if not SPLIT_NAME.fullmatch(split):
            ctx.skip([('split_unknown', name)])
            return None
        if row.split is not None and split != name:
            ctx.at('.split').note('split_alias', name)
        of_file = SPLIT_NAME.fullmatch(file_split) and file_split != 'all'
        if of_file and split != file_split and not (
                file_split == 'test' and split.startswith('test')):
            row.errors.append(('split_mismatch', f'{name} in a file of {file_split}'))
        return split

    def _read_image(self, ctx: Context, row: Row) -> tuple[Context, Optional[dict]]:
        """The image of a group line; what is wrong is added to the row's errors."""
        if row.file is None:
            row.errors += [] if row.errors else [('missing_field', 'file_name')]
            return ctx, None
        size = row.size or row.encoded
        source = image_of(row.file, size or (None, None), ctx.place,
                          namespace=row.namespace, number=row.number,
                          images_are=ctx.options.images_are)
        ctx = ctx.with_ids(image_id=source.id)
        if ctx.is_fast and row.number is not None:
            of_name = image_of(row.file, (None, None), ctx.place,
                               namespace=row.namespace)
            if not of_name.id.startswith('file:') and of_name.id != source.id:
                ctx.note('file_name_mismatch', row.file)
        if ctx.options.check >= Check.IMAGES and row.encoded not in (None, size):
            ctx.note('image_size_mismatch',
                     f'{size} annotated, the row holds {row.encoded}')
        image, errors = self.images.find(source)
        if image is None and not errors:
            errors = [('image_missing',
                       f'{row.file} has no size, in the row or in a file')]
        row.errors += errors
        return ctx, image

    def _read_ref(self, ref: RowRef, shared: FoundExpr) -> None:
        """Check a ref and its texts; ``shared`` is what its expressions have."""
        ctx = shared.ctx.with_ids(ref_id=ref.ref_id)
        ref_id, errors, instances = ref.ref_id, list(ref.errors), []
        if not ref.shares_id:
            ref_id = self.ref_ids.claim(ctx, ref_id, 'ref_id_duplicate')
        if [] in (ref.texts, ref.sentences):
            errors.append(('ref_without_sentences', ''))
        if ref.object is not None:
            ref.object.id = self.instance_ids.claim(
                ctx, ref.object.id, tuple(ref.object.bbox or ()), ref.place.at,
                scope=shared.split)
            instance, wrong = checked_object(ctx, ref.object, shared.image)
            instances, errors = [instance], errors + wrong
        ctx.skip(errors)
        is_lost = errors or shared.errors or not instances
        shared = replace(
            shared, ctx=ctx, instances=instances, errors=[], scope=ref_id,
            image=None if is_lost else shared.image,
            record={**shared.record, 'ref_id': ref_id,
                    **({'source': ref.part} if ref.part else {}),
                    **({'extra': ref.extra} if ref.extra else {})})
        for number, sentence in enumerate(ref.sentences or ()):
            where, record, wrong = self.sentences.read(
                ctx.at(f'.sentences[{number}]'), sentence)
            self.collector.add(replace(shared, ctx=where, errors=wrong,
                                       record={**shared.record, **record}))
        for text in ref.texts or ():
            self._read_text(text, shared)

    def _read_text(self, text: RowText, shared: FoundExpr) -> None:
        ctx = shared.ctx._replace(place=text.place).with_ids(expr_id=text.id)
        expr_id, again = self.expr_ids.take(text.id)
        if again and self.kind.has_ids and text.id is not None:
            ctx.note('id_duplicate', text.id)
        self.collector.add(replace(shared, ctx=ctx, record={
            **shared.record, 'id': expr_id, 'text': text.text}))
