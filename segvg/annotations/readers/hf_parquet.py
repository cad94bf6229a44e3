"""Parquet copies of RefCOCO, RefCOCO-M and Ref-L4, as hosted for ``datasets``."""
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Optional

from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.files.pickles import AnnotationFileError
from segvg.annotations.readers.base import ReadOptions, SourceSet
from segvg.annotations.readers.expressions import ExprCollector, SourceExpr
from segvg.annotations.readers.field_checks import UniqueIds, is_text, show
from segvg.annotations.readers.images import ImageChecks, image_of
from segvg.annotations.readers.instance_ids import InstanceIds
from segvg.annotations.readers.objects import Errors, check_object
from segvg.annotations.readers.parquet_files import column_names, iter_rows
from segvg.annotations.readers.parquet_refer import parse_benchmark, parse_jxu124
from segvg.annotations.readers.parquet_rows import (
    Row,
    RowRef,
    parse_lmms,
    parse_ref_l4,
    parse_refcoco_m,
)
from segvg.annotations.readers.refer_sentences import SentenceParser
from segvg.annotations.readers.reviewed import find_reviewed, reviewed_dataset
from segvg.annotations.readers.splits import SPLIT_ALIASES, SPLIT_NAME, order_by_split
from segvg.annotations.readers.texts import RepeatedTexts

SHARD = re.compile(r'-\d+-of-\d+$')
DATASETS = (('refcoco_plus', r'refcoco(plus|\+|_plus)'), ('refcocog', 'refcocog'),
            ('refcoco', 'refcoco'))


class Kind(NamedTuple):
    """One published form.

    Attributes:
        columns: those that tell it from the others.
        parse: reads a row.
        source_box: how it stores boxes.
        text_field: what becomes the text.
        dataset: the data set; None when the folder says which.
    """

    columns: tuple[str, ...]
    parse: Callable[[dict, Place, Report], Row]
    source_box: str
    text_field: str
    dataset: Optional[str] = None


XYWH = 'COCO: x, y, w, h, 0-based'
# name in expressions -> kind
KINDS = {
    'lmms': Kind(('question_id', 'answer'), parse_lmms, XYWH, 'answer'),
    'jxu124': Kind(('ref_id', 'raw_anns'), parse_jxu124, XYWH, 'raw'),
    'jxu124-benchmark': Kind(('ref_list',), parse_benchmark, XYWH, 'raw'),
    'refcoco_m': Kind(('samples',), parse_refcoco_m, XYWH, 'sentences', 'refcoco'),
    'ref-l4': Kind(('caption', 'bbox_id'), parse_ref_l4, XYWH, 'caption', 'ref_l4')}
UNKNOWN = 'unknown'
OWN_NAMES = {'refcoco_m': 'refcoco_m', 'ref-l4': 'ref_l4'}


def find_hf_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per kind and folder of parquet files; one per file of no known kind."""
    sets: list[HfSet] = []
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
            raise FileNotFoundError(f'there is no parquet file in {source}')
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
    """Name of the kind of a file; that of no kind when it cannot be told."""
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
        own_name = OWN_NAMES.get(kind, f'{kind.replace("-", "_")}_{dataset}')
        super().__init__(name or own_name, dataset, None,
                         files=order_by_split(files, _split_of))
        self.kind = kind
        self.root = root
        self.source_box, self.text_field = facts.source_box, facts.text_field

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read all files and yield group lines."""
        if self.kind == UNKNOWN:
            columns = ', '.join(column_names(self.files[0]))
            raise AnnotationFileError(self.files[0], 'columns of no known set: '
                                      f'{columns}', code='missing_field')
        reading = _Parser(self, report=report, options=options)
        for number, path in enumerate(self.files):
            file = Place(path.relative_to(self.root).as_posix())
            split = SPLIT_ALIASES.get(_split_of(path), _split_of(path))
            for index, row in enumerate(options.progress(iter_rows(path), path.name)):
                reading.read_row(row, split, file.child(f'row:{index}'),
                                 [number, index])
        self.image_dirs = reading.images.dirs
        yield from reading.collector.grouper.lines()


class _Parser:
    """State of reading one set."""

    def __init__(self, source: HfSet, *, report: Report, options: ReadOptions) -> None:
        self.source = source
        self.report = report
        self.options = options
        self.parse = KINDS[source.kind].parse
        self.images = ImageChecks(report, options)
        self.collector = ExprCollector(report, options)
        self.sentences = SentenceParser(report, options.check, has_negatives=False,
                                         from_bytes=False)
        self.ref_ids, self.expr_ids = UniqueIds(), UniqueIds()
        self.instance_ids = InstanceIds()

    def read_row(self, record: dict, file_split: str, place: Place,
                 src: list[int]) -> None:
        """Check a row, and collect the expressions of it that are kept."""
        row = self.parse(record, place, self.report)
        split = self._split(row, file_split, place)
        ids: dict = dict(image_id=None)
        image = self._read_image(row, place, ids)
        for code, value in row.errors:
            self.report.add(code, place, 'skip', value=value, **ids)
        if split is None:
            return
        self.collector.check_leak(split, place, **ids)
        if not row.refs:
            self.source.read.add(split, ids['image_id'], 0)
        for ref in row.refs:
            count = len(ref.texts if ref.sentences is None else ref.sentences)
            self.source.read.add(split, ids['image_id'], count, refs=1)
            self._read_ref(ref, SourceExpr(
                dict(source=self.source.kind.removesuffix('-benchmark'), src=src),
                split, image, [], row.errors, place, None, ids))

    def _split(self, row: Row, file_split: str, place: Place) -> Optional[str]:
        """The split that the row says, else the one of the file's name."""
        name = file_split if row.split is None else row.split
        split = SPLIT_ALIASES.get(name, name) if is_text(name) else ''
        if not SPLIT_NAME.fullmatch(split):
            self.report.add('split_unknown', place, 'skip', value=name)
            return None
        if row.split is not None and split != name:
            self.report.add('split_alias', place.child('.split'), value=name)
        of_file = SPLIT_NAME.fullmatch(file_split) and file_split != 'all'
        if of_file and split != file_split and not (
                file_split == 'test' and split.startswith('test')):
            row.errors.append(('split_mismatch', f'{name} in a file of {file_split}'))
        return split

    def _read_image(self, row: Row, place: Place, ids: dict) -> Optional[dict]:
        """The image of a group line; what is wrong is added to the row's errors."""
        if row.file is None:
            row.errors += [] if row.errors else [('missing_field', 'file_name')]
            return None
        size = row.size or row.encoded
        source = image_of(row.file, size or (None, None), place,
                          namespace=row.namespace, number=row.number)
        ids['image_id'] = source.id
        if self.options.check >= Check.FAST and row.number is not None:
            of_name = image_of(row.file, (None, None), place, namespace=row.namespace)
            if not of_name.id.startswith('file:') and of_name.id != source.id:
                self.report.add('file_name_mismatch', place, value=row.file, **ids)
        if self.options.check >= Check.IMAGES and row.encoded not in (None, size):
            self.report.add('image_size_mismatch', place, **ids,
                            value=f'{size} annotated, the row holds {row.encoded}')
        image, missing = self.images.check(source)
        if image is None and not missing:
            missing = f'{row.file} has no size, in the row or in a file'
        row.errors += [('image_missing', missing)] if missing else []
        return image

    def _read_ref(self, ref: RowRef, expr: SourceExpr) -> None:
        """Check a ref and its texts; ``expr`` holds what its expressions share."""
        ref_id, again = self.ref_ids.take(ref.ref_id)
        ref_id = ref.ref_id if ref.shares_id else ref_id
        expr.ids = {**expr.ids, 'ref_id': ref.ref_id}
        if again and ref.ref_id is not None and not ref.shares_id:
            self.report.add('ref_id_duplicate', ref.place, value=ref.ref_id, **expr.ids)
        errors = list(ref.errors)
        if ref.object is not None:
            instance, more = self._check_object(ref, expr)
            errors += more
            expr.instances = [instance]
        for code, value in errors:
            self.report.add(code, ref.place, 'skip', value=value, **expr.ids)
        if errors or expr.errors or not expr.instances:
            expr.image = None
        expr.errors, expr.scope = [], ref_id
        expr.record['ref_id'] = ref_id
        if ref.extra:
            expr.record['extra'] = ref.extra
        if ref.sentences is not None:
            self._read_sentences(ref, expr)
        for text in ref.texts:
            self._read_text(text, expr)

    def _check_object(self, ref: RowRef, expr: SourceExpr) -> tuple[dict, Errors]:
        source, image = ref.object, expr.image
        size = (image['width'], image['height']) if image else (math.inf, math.inf)
        source.has_mask = source.has_mask and image is not None
        source.id, again = self.instance_ids.take(
            (expr.split, expr.ids['image_id']), source.id, tuple(source.bbox),
            ref.place.at)
        if again:
            self.report.add('id_duplicate', ref.place, value=source.id, **expr.ids)
        return check_object(source, *size, self.report, self.options, **expr.ids)

    def _read_text(self, text, shared: SourceExpr) -> None:
        expr_id, again = self.expr_ids.take(text.id)
        ids = {**shared.ids, 'expr_id': text.id}
        if again and self.source.kind == 'ref-l4' and text.id is not None:
            self.report.add('id_duplicate', text.place, value=text.id, **ids)
        record, errors = {**shared.record, 'id': expr_id}, []
        if is_text(text.text):
            record['text'] = text.text
        else:
            errors.append(('bad_type', show(text.text)))
        self.collector.add(SourceExpr(record, shared.split, shared.image,
                                      shared.instances, errors, text.place,
                                      shared.scope, ids))

    def _read_sentences(self, ref: RowRef, shared: SourceExpr) -> None:
        repeated = RepeatedTexts()
        for number, sentence in enumerate(ref.sentences):
            place = ref.place.child(f'.sentences[{number}]')
            record = self.sentences.read(sentence, repeated, place, [], shared.ids)
            if record is not None and shared.image is not None:
                self.collector.keep(SourceExpr(
                    {**shared.record, **record}, shared.split, shared.image,
                    shared.instances, [], place, None,
                    {**shared.ids, 'expr_id': record['id']}))
