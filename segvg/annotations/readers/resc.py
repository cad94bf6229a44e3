"""Lists of tuples that ReSC, TransVG, SegVG, CLIP-VG and QRNet read (``.pth``)."""
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.files.pickles import AnnotationFileError, load_pth
from segvg.annotations.readers import field_checks
from segvg.annotations.readers.base import (
    ReadOptions,
    SourceImage,
    SourceObject,
    SourceSet,
)
from segvg.annotations.readers.images import (
    FOLDERS,
    ImageChecks,
    coco_number,
    image_name,
    other_names,
)
from segvg.annotations.readers.instance_ids import InstanceIds
from segvg.annotations.readers.lines import LineGrouper
from segvg.annotations.readers.objects import check_object
from segvg.annotations.readers.texts import (
    AmbiguousTexts,
    RepeatedTexts,
    SplitLeaks,
    check_blank,
)

FILE_NAME = re.compile(r'.+_(train|val|trainval|test|testA|testB|testC|all)\.pth')
SPLIT_ORDER = ('train', 'val', 'trainval', 'test', 'testA', 'testB', 'testC', 'all')
IGNORED = ('corpus.pth',)  # vocabulary of older code, an object of its own class
SET_NAMES = {'unc+': 'unc_plus'}


@dataclass
class Row:
    """A row, whatever its dialect.

    Attributes:
        namespace: of the ids of its images.
        bbox: as stored.
        corners: whether ``bbox`` is x1, y1, x2, y2 with the far corner inside.
        segm: polygons; None when the dialect has none.
        size: (width, height) as annotated.
    """

    file: str
    namespace: str
    bbox: list[float]
    text: str
    latin1: bool
    corners: bool = False
    ann_id: Optional[str] = None
    segm: Optional[list] = None
    size: tuple[Optional[int], Optional[int]] = (None, None)


def find_resc_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per folder that holds ``<name>_<split>.pth`` files."""
    folders: dict[Path, tuple[Path, list[Path]]] = {}
    for source in sources:
        if source.is_dir():
            root, paths = source, sorted(source.rglob('*.pth'))
        elif source.is_file():
            root, paths = source.parent, [source]
        else:
            raise FileNotFoundError(f'there is no file or folder {source}')
        for path in paths:
            if path.name not in IGNORED:
                folders.setdefault(path.parent, (root, []))[1].append(path)
    if not folders:
        raise FileNotFoundError(f'no <name>_<split>.pth in '
                                f'{", ".join(map(str, sources))}')
    return [RescSet(folder.resolve().name, options.dataset, root, files=files)
            for folder, (root, files) in folders.items()]


class RescSet(SourceSet):
    """The split files of one folder, such as ``unc+`` or ``referit``."""

    source_box = 'ReSC: x, y, w, h for COCO images, else inclusive corners'
    text_field = 'phrase'
    file_per_split = True

    def __init__(self, dataset: str, name: Optional[str], root: Path, *,
                 files: list[Path]) -> None:
        super().__init__(name or f'resc_{SET_NAMES.get(dataset, dataset)}', dataset,
                         None, files=sorted(files, key=lambda path: SPLIT_ORDER.index(
                             _split_of(path) or 'all')))
        self.root = root

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read the files of all splits and yield group lines."""
        leaks, images = SplitLeaks(), ImageChecks(report, options, need_size=True)
        for number, path in enumerate(self.files):
            place = Place(path.relative_to(self.root).as_posix())
            split = _split_of(path)
            if split is None:
                report.add('split_unknown', place, 'skip', value=path.name)
                continue
            rows = load_pth(path)
            if not isinstance(rows, (list, tuple)):
                raise AnnotationFileError(path, 'expected a list of rows, got '
                                          f'{type(rows).__name__}', code='bad_type')
            reading = _Parser(self, split, number, images=images, leaks=leaks,
                               report=report, options=options)
            for index, row in enumerate(options.progress(rows, path.name)):
                reading.read_row(index, row, place.child(f'[{index}]'))
            yield from reading.grouper.lines()
        self.image_dirs = images.dirs


class _Parser:
    """State of reading one file."""

    def __init__(self, source: RescSet, split: str, file_number: int, *,
                 images: ImageChecks, leaks: SplitLeaks, report: Report,
                 options: ReadOptions) -> None:
        self.source = source
        self.split = split
        self.file_number = file_number
        self.images = images
        self.leaks = leaks
        self.report = report
        self.options = options
        self.grouper = LineGrouper()
        self.repeated, self.ambiguous = RepeatedTexts(), AmbiguousTexts()
        self.instance_ids = InstanceIds()

    def read_row(self, number: int, record: object, place: Place) -> None:
        """Check a row, and add it when it is kept."""
        row = parse_row(record, self.source.dataset)
        if isinstance(row, str):
            self.source.read.add(self.split, None)
            self.report.add('bad_type', place, 'skip', value=row, expr_id=number)
            return
        source = _image_of(row, place)
        ids = dict(image_id=source.id, expr_id=number)
        self.source.read.add(self.split, source.id)
        image, missing = self.images.check(source, FOLDERS[row.namespace])
        errors = [('image_missing', missing)] if missing else []
        size = (image['width'], image['height']) if image else None
        instance, more = self._check_object(row, number, size, place, ids)
        for code, value in errors + more:
            self.report.add(code, place, 'skip', value=value, **ids)
        blank = self._check_text(row, source.id, place, ids)
        if not (errors or more or blank):
            self._keep(row, number, image, instance, place, ids)

    def _check_object(self, row: Row, number: int, size: Optional[tuple[int, int]],
                      place: Place, ids: dict) -> tuple[dict, list]:
        far = 1 if row.corners else 0
        x, y, w, h = row.bbox
        bbox = [x, y, w + far, h + far] if row.corners else [x, y, x + w, y + h]
        ann_id = str(number) if row.ann_id is None else row.ann_id
        has_mask = row.segm is not None and size is not None
        return check_object(
            SourceObject(ann_id, bbox, place, segm=row.segm, has_mask=has_mask),
            *(size or (float('inf'), float('inf'))), self.report, self.options, **ids)

    def _check_text(self, row: Row, image_id: str, place: Place, ids: dict) -> bool:
        """Check the phrase; whether to skip it."""
        blank = check_blank(row.text, self.report, place, self.options.check, **ids)
        if row.latin1:
            self.report.add('bytes_decoded_latin1', place, value=row.text, **ids)
        if self.options.check >= Check.FAST:
            self.repeated.check(row.text, (image_id, *row.bbox), self.report, place,
                                **ids)
            self.leaks.check(image_id, self.split, self.report, place, expr_id=ids[
                'expr_id'])
        return blank

    def _keep(self, row: Row, number: int, image: dict, instance: dict, place: Place,
              ids: dict) -> None:
        instance['id'] = self._instance_id(row, number, image['id'], place, ids)
        expr = dict(id=number, text=row.text, src=[self.file_number, number])
        self.grouper.add(self.split, image, expr, [instance])
        if self.options.check >= Check.FAST:
            key = tuple(row.bbox) if row.ann_id is None else row.ann_id
            self.ambiguous.check(row.text, (self.split, image['id']), frozenset([key]),
                                 self.report, place, **ids)

    def _instance_id(self, row: Row, number: int, image_id: str, place: Place,
                     ids: dict) -> object:
        """Rows with one annotation id and box name one object of the image."""
        instance_id, again = self.instance_ids.take(image_id, row.ann_id,
                                                    tuple(row.bbox), str(number))
        if again:
            self.report.add('id_duplicate', place, value=row.ann_id, **ids)
        return instance_id


def parse_row(record: object, dataset: str) -> object:
    """A row of any dialect, told by its shape; a string says why it is none."""
    if not isinstance(record, (list, tuple)):
        return f'{type(record).__name__}, a tuple is expected'
    if len(record) == 3:
        (file, bbox, text), second, last = record, None, None
    elif len(record) == 5:
        file, second, bbox, text, last = record
    else:
        return f'{len(record)} values, 3 or 5 are expected'
    bbox, last = (value.tolist() if hasattr(value, 'tolist') else value
                  for value in (bbox, last))
    latin1 = isinstance(text, bytes) and any(byte > 127 for byte in text)
    file, second, text = (value.decode('latin1') if isinstance(value, bytes) else value
                          for value in (file, second, text))
    if not isinstance(file, str) or not isinstance(text, str) or not file:
        return 'image name and phrase are strings'
    if not isinstance(bbox, (list, tuple)) or not field_checks.is_box(bbox[:4]):
        return f'box {field_checks.show(bbox)}, four numbers are expected'
    row = Row(file, _namespace(file, dataset, len(record)),
              [float(value) for value in bbox[:4]], text, latin1)
    if isinstance(second, dict):
        row.size = (_size(second.get('width')), _size(second.get('height')))
        row.segm = list(last) if isinstance(last, tuple) else last or []
    elif len(bbox) > 4:
        row.segm = _polygons(bbox[4:])
    else:
        row.corners = row.namespace in ('saiapr', 'flickr30k')
        if isinstance(second, str) and second:
            row.ann_id = second.rpartition('.')[0] or second
    return row


def _size(value: object) -> Optional[int]:
    return value if field_checks.is_size(value) else None


def _polygons(values: list) -> list:
    """Polygons that follow the box, each a flat list or a list of such."""
    parts = []
    for value in values:
        nested = isinstance(value, (list, tuple)) and value and all(
            isinstance(part, (list, tuple)) for part in value)
        parts += value if nested else [value]
    return parts


def _namespace(file: str, dataset: str, length: int) -> str:
    """Where an image is from: told by its name, else by the shape of the row."""
    if coco_number(file) is not None:
        return 'coco'
    if dataset == 'vg':
        return 'vg'
    if dataset == 'flickr' or length == 3:
        return 'flickr30k'
    return 'saiapr'


def _image_of(row: Row, place: Place) -> SourceImage:
    number: object = coco_number(row.file)
    if number is None:
        digits = re.findall(r'\d+', row.file.rpartition('/')[2])
        number = int(digits[-1]) if digits else row.file
    namespace = 'file' if number == row.file else row.namespace
    extra = {'coco_id': number} if namespace == 'coco' else {}
    return SourceImage(f'{namespace}:{number}', image_name(row.file), *row.size, place,
                       other_names(row.file), extra)


def _split_of(path: Path) -> Optional[str]:
    match = FILE_NAME.fullmatch(path.name)
    return match[1] if match else None
