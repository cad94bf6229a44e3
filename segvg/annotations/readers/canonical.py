"""The canonical form read as a source: checked, and written again."""
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from segvg.annotations import canonical
from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.files.pickles import AnnotationFileError, load_json, parse_json
from segvg.annotations.official_counts import Counts, compare_counts
from segvg.annotations.readers.base import ReadCounts, ReadOptions, SourceSet
from segvg.annotations.readers.canonical_line import LineParser
from segvg.annotations.readers.field_checks import (
    is_id,
    is_int,
    is_list,
    is_text,
    read_fields,
)
from segvg.annotations.readers.images import ImageChecks
from segvg.annotations.readers.texts import SplitLeaks

META = '.meta.json'
SPLIT_ORDER = ('train', 'val', 'test')
LINE_REQUIRED = dict(image=lambda value: isinstance(value, dict), split=is_text,
                     instances=is_list, exprs=is_list)


def find_canonical_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per meta file in the folders given, or per file given."""
    sets = []
    for source in sources:
        if source.is_dir():
            paths = sorted(source.glob(f'*{META}'))
        else:
            paths = [source]
        if not paths or not paths[0].exists():
            raise FileNotFoundError(f'{source} is no <name>{META}, no <name>_<split>'
                                    '.jsonl and no folder that holds the first')
        sets += [CanonicalSet(path, options.dataset) for path in paths]
    return sets


class CanonicalSet(SourceSet):
    """The split files that a meta file names, or one file without a meta file."""

    source_box = 'canonical'
    text_field = 'text'
    file_per_split = True

    def __init__(self, path: Path, name: Optional[str]) -> None:
        stem = path.name.removesuffix(META)
        if path.suffix == '.jsonl':
            stem = path.stem.rpartition('_')[0]
        super().__init__(name or stem, stem, None, files=[path])
        self._meta_place = Place(path.name)
        self.compared = ReadCounts()  # the sizes known are those of true sentences

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read the files of all splits and yield the lines that are kept."""
        path = self.files[0]
        splits = {path.stem.rpartition('_')[2]: dict(file=path.name)}
        if path.name.endswith(META):
            splits = self._read_meta(path)
            self.files = [path.with_name(facts['file']) for facts in splits.values()]
        images, leaks = ImageChecks(report, options), SplitLeaks()
        for number, (split, facts) in enumerate(splits.items()):
            file = path.with_name(facts['file'])
            if not os.path.isfile(file):
                raise AnnotationFileError(file, f'{path.name} names a file that is not '
                                                'there')
            reading = _FileParser(self, split, images, leaks=leaks, report=report,
                                   options=options)
            with open(file, 'rb') as stream:
                for index, data in enumerate(options.progress(stream, file.name), 1):
                    line = reading.read_line(
                        data, Place(file.name, f'line:{index}'), file.parent)
                    if line is not None:
                        yield line
            self._compare_counts(split, facts, report)
            self.files[number] = file
        self.image_dirs = images.dirs

    def _read_meta(self, path: Path) -> dict[str, dict]:
        """What the meta file says of each split, train and val first."""
        meta = load_json(path)
        if not isinstance(meta, dict) or meta.get('format') != canonical.FORMAT:
            raise AnnotationFileError(path, f'expected format {canonical.FORMAT!r}')
        try:
            canonical.check_version(meta.get('version'), str(path))
        except ValueError as error:
            raise AnnotationFileError(path, str(error),
                                      code='version_unknown') from None
        if meta.get('box', canonical.BOX_FORMAT) != canonical.BOX_FORMAT:
            raise AnnotationFileError(path, f'boxes are {meta["box"]!r}, expected '
                                      f'{canonical.BOX_FORMAT!r}', code='bad_type')
        splits = meta.get('splits')
        if not isinstance(splits, dict) or not all(
                isinstance(facts, dict) and is_text(facts.get('file'))
                and facts['file'] and Path(facts['file']).name == facts['file']
                for facts in splits.values()):
            raise AnnotationFileError(path, 'expected splits, each with the name of '
                                            'its file', code='missing_field')
        categories = meta.get('categories') or {}
        if not isinstance(categories, dict):
            raise AnnotationFileError(path, f'categories: {categories!r:.80}, expected '
                                      '{id: name}', code='bad_type')
        self.categories = categories
        self.dataset = meta.get('dataset', self.dataset)
        self.partition = meta.get('partition')
        order = sorted(splits, key=lambda split: SPLIT_ORDER.index(split) if (
            split in SPLIT_ORDER) else len(SPLIT_ORDER))
        return {split: splits[split] for split in order}

    def _compare_counts(self, split: str, facts: dict, report: Report) -> None:
        found = self.read.splits().get(split, Counts(0, None, 0))
        promised = [facts.get(field) for field in Counts._fields]
        expected = Counts(*(value if is_int(value) else None
                            for value in promised))
        if expected.refs == 0:
            expected = expected._replace(refs=None)
        for field, value in compare_counts(expected, found).items():
            report.add('count_mismatch', self._meta_place.child(
                f'splits.{split}.{field}'), value=value)


class _FileParser:
    """State of reading one split file."""

    def __init__(self, source: CanonicalSet, split: str, images: ImageChecks, *,
                 leaks: SplitLeaks, report: Report, options: ReadOptions) -> None:
        self.source = source
        self.split = split
        self.leaks = leaks
        self.report = report
        self.options = options
        self.images: set[str] = set()
        self.refs: set = set()
        self.line_reading = LineParser(images, set(source.categories),
                                        report=report, options=options)

    def read_line(self, data: bytes, place: Place, folder: Path) -> Optional[dict]:
        """Check a line; the line to write, or None."""
        try:
            record = parse_json(data)
        except (ValueError, RecursionError) as error:
            self.report.add('bad_json_line', place, 'skip', value=str(error))
            return None
        line, errors = read_fields(record, LINE_REQUIRED, {}, self.report, place)
        if 'split' in line and line['split'] != self.split:
            errors.append(('split_mismatch', line['split']))
        errors += self._check_version(record)
        for code, value in errors:
            self.report.add(code, place, 'skip', value=value)
        if 'image' in line and 'exprs' in line:
            self._count(line, line['image'].get('id'))
        if errors:
            return None
        image_id = line['image'].get('id')
        if self.options.check >= Check.FAST and is_text(image_id):
            self.leaks.check(image_id, self.split, self.report, place)
        return self.line_reading.read(record, place, folder)

    def _check_version(self, record: object) -> list[tuple[str, str]]:
        version = record.get('segvg', canonical.VERSION) if isinstance(
            record, dict) else canonical.VERSION
        try:
            canonical.check_version(version, 'line')
        except ValueError:
            return [('version_unknown', version)]
        return []

    def _count(self, line: dict, image_id: object) -> None:
        refs = {expr['ref_id'] for expr in line['exprs'] if isinstance(expr, dict)
                and is_id(expr.get('ref_id'))} - self.refs
        self.refs |= refs
        false = sum(isinstance(expr, dict) and 'negative_of' in expr
                    for expr in line['exprs'])
        total = len(line['exprs'])
        self.source.read.add(self.split, str(image_id), total, len(refs))
        self.source.compared.add(self.split, str(image_id), total - false, len(refs))
