"""Files of SeqTR and its descendants: an object of split name -> list of entries."""
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from segvg.annotations.checks import Place, Report
from segvg.annotations.files.pickles import AnnotationFileError, load_json
from segvg.annotations.official_counts import OFFICIAL_COUNTS
from segvg.annotations.readers.base import ReadOptions, SourceImage, SourceSet
from segvg.annotations.readers.entry_targets import Entry, ExprTargets, TargetParser
from segvg.annotations.readers.expressions import ExprCollector, SourceExpr
from segvg.annotations.readers.field_checks import (
    is_int,
    is_list,
    is_size,
    is_text,
    plain_extra,
    read_fields,
    show,
)
from segvg.annotations.readers.images import (
    FOLDERS,
    ImageChecks,
    coco_name,
    other_names,
)
from segvg.annotations.readers.objects import Errors
from segvg.annotations.readers.splits import SPLIT_ALIASES

STEM = 'instances'
SPLIT_NAME = re.compile(r'(train|val|test[ABC]*)(_.+)?')
DATA_SOURCE = 'data_source'
# value of data_source -> namespace of the ids of its images
COLLECTIONS = dict(coco='coco', vg='vg', saiaprtc12='saiapr', flickr='flickr30k')
REQUIRED = dict(image_id=is_int, height=is_size, width=is_size,
                expressions=is_list)


def is_collection(value: object) -> bool:
    """Whether a value names a collection of images."""
    return is_text(value) and value in COLLECTIONS


def find_entry_files(source: Path, pattern: str) -> list[tuple[Path, Path]]:
    """Root and path of the files of a folder and of those right below, or of a file."""
    if source.is_file():
        return [(source.parent, source)]
    if not source.is_dir():
        raise FileNotFoundError(f'there is no file or folder {source}')
    folders = [source, *sorted(path for path in source.glob('*') if path.is_dir())]
    return [(source, path) for folder in folders
            for path in sorted(folder.glob(pattern))]


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
        content = load_json(path)
        if not isinstance(content, dict):
            raise AnnotationFileError(path, 'expected an object of splits, got '
                                      f'{type(content).__name__}', code='bad_type')
        targets = self._targets(content, self, report=report, options=options)
        reading = _Parser(self, content, targets, report=report, options=options)
        for name, records in content.items():
            reading.read_split(name, records)
        self.image_dirs = reading.images.dirs
        yield from reading.collector.grouper.lines()


class _Parser:
    """State of reading one file."""

    def __init__(self, source: EntrySet, content: dict, targets: TargetParser, *,
                 report: Report, options: ReadOptions) -> None:
        self.source = source
        self.targets = targets
        self.report = report
        self.options = options
        self.place = Place(source.files[0].relative_to(source.root).as_posix())
        self.images = ImageChecks(report, options)
        self.collector = ExprCollector(report, options)
        self.sizes: dict[tuple, tuple[int, int]] = {}
        self.required = {**REQUIRED, **targets.required}
        self.optional = {**targets.optional, DATA_SOURCE: is_collection}
        if any(DATA_SOURCE in record for record in all_records(content)):
            self.required[DATA_SOURCE] = self.optional.pop(DATA_SOURCE)

    def read_split(self, name: str, records: object) -> None:
        """Check the entries of a split, and collect the expressions that are kept."""
        place = self.place.child(name)
        split = SPLIT_ALIASES.get(name, name)
        match = SPLIT_NAME.fullmatch(split)
        if not match:
            self.report.add('split_unknown', place, 'skip', value=name)
            return
        if split != name or match[2]:
            self.report.add('split_alias', place, value=name)
        expected = OFFICIAL_COUNTS.get(self.source.name)
        if expected and split not in expected:
            self.report.add('split_unexpected', place, value=name)
        if not isinstance(records, list):
            self.report.add('bad_type', place, 'skip', value=show(records))
            return
        for number, record in enumerate(self.options.progress(records, name)):
            self._read_record(split, f'{name}[{number}]', record)

    def _read_record(self, split: str, name: str, record: object) -> None:
        if not (self.targets.nested and isinstance(record, list)):
            self._read_entry(split, name, record)
            return
        if not record:
            self.report.add('ref_without_sentences', self.place.child(name), 'skip')
        for number, part in enumerate(record):
            self._read_entry(split, f'{name}[{number}]', part)

    def _read_entry(self, split: str, name: str, record: object) -> None:
        place = self.place.child(name)
        found, errors = read_fields(record, self.required, self.optional, self.report,
                                    place)
        ids = {'ref_id': name} if self.targets.has_refs else {}
        image = self._read_image(split, found, errors, place, ids)
        entry = Entry(name, split, record if isinstance(record, dict) else {}, found,
                      image, place, ids)
        targets, wrong = self.targets.read(entry)
        texts = found.get('expressions', [])
        if not texts and 'expressions' in found:
            wrong.append(('ref_without_sentences', ''))
        errors += wrong
        for code, value in errors:
            self.report.add(code, place, 'skip', value=value, **ids)
        self.source.read.add(split, ids.get('image_id'), len(texts),
                             int(self.targets.has_refs))
        self.collector.check_leak(split, place, **ids)
        entry.image = None if errors else image  # the texts are still checked
        shared = self._shared_fields(entry)
        for number, text in enumerate(texts):
            known = targets[number] if number < len(targets) else None
            self._collect(entry, number, text, known, shared)

    def _read_image(self, split: str, entry: dict, errors: Errors, place: Place,
                    ids: dict) -> Optional[dict]:
        if not {'image_id', 'width', 'height'} <= entry.keys():
            return None
        namespace = COLLECTIONS[entry.get(DATA_SOURCE, _collection_of(
            self.source.dataset))]
        source = _image(entry, namespace, place)
        ids['image_id'] = source.id
        size = (source.width, source.height)
        first = self.sizes.setdefault((split, source.id), size)
        if first != size:  # an image has one line, and that has one size
            self.report.add('image_size_mismatch', place, image_id=source.id,
                            value=f'{size}, an earlier entry has {first}')
            source.width, source.height = first
        image, missing = self.images.check(source, FOLDERS[namespace])
        errors += [('image_missing', missing)] if missing else []
        return image

    def _shared_fields(self, entry: Entry) -> dict:
        """What all expressions of an entry have in common."""
        shared = dict(src=[0, int(re.search(r'\[(\d+)\]', entry.name)[1])])
        if self.targets.has_refs:
            shared['ref_id'] = entry.name
        extra = plain_extra(entry.record, {**self.required, **self.optional})
        return {**shared, **self.targets.mark(entry), **(
            {'extra': extra} if extra else {})}

    def _collect(self, entry: Entry, number: int, text: object,
                 targets: Optional[ExprTargets], shared: dict) -> None:
        expr = dict(id=f'{entry.name}#{number}', **shared)
        targets = targets or ExprTargets([], [], entry.name)
        errors = list(targets.errors)
        if is_text(text):
            expr['text'] = text
        else:
            errors.append(('bad_type', show(text)))
        self.collector.add(SourceExpr(
            expr, entry.split, entry.image, targets.instances,
            errors, entry.place.child(f'.expressions[{number}]'), targets.scope,
            {**entry.ids, 'expr_id': expr['id']}, targets.keys))


def all_records(content: dict) -> Iterator[dict]:
    """The entries of a file that are objects, those of nested lists too."""
    for records in content.values():
        for record in records if isinstance(records, list) else ():
            for part in record if isinstance(record, list) else [record]:
                if isinstance(part, dict):
                    yield part


def _collection_of(dataset: str) -> str:
    """The collection that a set is on, told from its name."""
    for word, collection in (('flickr', 'flickr'), ('referit', 'saiaprtc12'),
                             ('refclef', 'saiaprtc12'), ('visual', 'vg')):
        if word in dataset.lower():
            return collection
    return 'coco'


def _image(entry: dict, namespace: str, place: Place) -> SourceImage:
    number = entry['image_id']
    image_id, size = f'{namespace}:{number}', (entry['width'], entry['height'])
    if namespace != 'coco':
        return SourceImage(image_id, f'{number}.jpg', *size, place)
    file = coco_name(number)
    other = file.replace('train', 'val')  # the numbers of both parts are different
    return SourceImage(image_id, file, *size, place, [
        *other_names(file), other, f'val2014/{other}'], {'coco_id': number})
