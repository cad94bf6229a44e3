"""Lists of rows (``.pth``) in the dialects of ReSC and RefTR.

The lists of ReSC, ``<name>_<split>.pth``, are also those that TransVG, SegVG, CLIP-VG
and QRNet read. Those of RefTR, ``<set>_<part>_<split>.pth``, hold phrases whose masks
are files in a folder beside the lists, and captions with a box for each phrase.
"""
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Optional

from segvg.annotations.checks import Report
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.files.pickles import load_pth
from segvg.annotations.official_counts import OFFICIAL_COUNTS
from segvg.annotations.readers.base import (
    BOXES,
    Context,
    Errors,
    ReadOptions,
    SourceObject,
    SourceSet,
)
from segvg.annotations.readers.expressions import ExprCollector, FoundExpr
from segvg.annotations.readers.field_checks import is_box, is_int, is_size, show
from segvg.annotations.readers.ids import InstanceIds
from segvg.annotations.readers.images import (
    ImageChecks,
    coco_number,
    collection_of,
    image_of,
)
from segvg.annotations.readers.objects import ArrayMasks, checked_object, corners
from segvg.annotations.readers.source_files import find_files, load_as
from segvg.annotations.readers.splits import order_by_split, split_of_file
from segvg.annotations.readers.texts import span_error

IGNORED = ('corpus.pth',)  # vocabulary of older code, an object of its own class
RESC_ROOT, RESC_SETS = 'annotations_resc', ('vg',)  # RefTR has ReSC's lists there


@dataclass
class Row:
    """A row of either dialect.

    Attributes:
        file: name of the image.
        namespace: of the image's number, unless its name is one of COCO's.
        text: the phrase or caption.
        latin1: whether bytes above 127 were read as latin1.
        boxes: xyxy, half-open: that of the phrase, or of each phrase of the caption.
        phrases: where each phrase of a caption starts, and its words.
        ann_id: id of the object; None when the row gives none.
        has_mask: whether the row has, or names, a mask.
        segm: the mask as polygons.
        mask_file: name of the mask's file, or what stands in its place.
        size: (width, height) as annotated.
    """

    file: str
    namespace: str
    text: str
    latin1: bool
    boxes: list[list[float]]
    phrases: Optional[list[tuple[int, str]]] = None
    ann_id: Optional[str] = None
    has_mask: bool = False
    segm: object = None
    mask_file: object = None
    size: tuple[Optional[int], Optional[int]] = (None, None)


def parse_resc(record: object, dataset: str, stored: Optional[str] = None) -> Row:
    """A row of ReSC: three values, or five with a mask or the name of one.

    Boxes are x, y, w, h; those of SAIAPR and Flickr30k are inclusive corners, except in
    rows with polygons.

    Args:
        record: the row.
        dataset: name of its set.
        stored: how the user says that boxes are stored; overrides these rules.

    Raises:
        ValueError: the record is not such a row.
    """
    values = _as_row(record, 3, 5)
    is_short = len(values) == 3
    file, second, bbox, text, last = (
        [values[0], None, *values[1:], None] if is_short else values)
    box, name = _as_list(bbox, 'box'), _as_name(file)
    row = Row(name, _resc_namespace(name, dataset, is_short), _as_text(text, 'text'),
              _has_high_bytes(text), [_as_box(box[:4])])
    if isinstance(second, dict):
        width, height = second.get('width'), second.get('height')
        row.size = (width if is_size(width) else None,
                    height if is_size(height) else None)
        last = last.tolist() if hasattr(last, 'tolist') else last
        row.segm = list(last) if isinstance(last, tuple) else last or []
    elif len(box) > 4:
        row.segm = _polygons(box[4:])
    elif isinstance(second, (str, bytes)):
        row.ann_id = _without_ending(_as_text(second, 'mask'))
    row.has_mask = row.segm is not None
    if stored is not None:
        row.boxes = [corners(row.boxes[0], stored)]
    elif row.has_mask or row.namespace not in ('saiapr', 'flickr30k'):
        row.boxes = [corners(row.boxes[0])]
    else:
        row.boxes = [corners(row.boxes[0], 'xyxy-inclusive')]
    return row


def parse_reftr(record: object, dataset: str, stored: Optional[str] = None) -> Row:
    """A row of RefTR: four values are a phrase, six a caption with its phrases.

    Boxes of phrases are half-open corners, those of captions inclusive ones.

    Args:
        record: the row.
        dataset: name of its set.
        stored: how the user says that boxes are stored; overrides these rules.

    Raises:
        ValueError: the record is not such a row.
    """
    values = _as_row(record, 4, 6)
    if len(values) == 4:
        file, mask, bbox, text = values
        mask = _as_text(mask, 'mask') if isinstance(mask, bytes) else mask
        return Row(_as_name(file), collection_of(dataset) or 'file',
                   _as_text(text, 'text'), _has_high_bytes(file, text),
                   [corners(_as_box(bbox), stored or 'xyxy')],
                   ann_id=_without_ending(mask) if isinstance(mask, str) else None,
                   has_mask=mask is None or isinstance(mask, str), mask_file=mask)
    file, starts, bboxes, phrases, _, text = values
    starts, bboxes = _as_list(starts, 'starts'), _as_list(bboxes, 'boxes')
    words = [_as_text(phrase, 'phrase') for phrase in _as_list(phrases, 'phrases')]
    if not len(starts) == len(bboxes) == len(words):
        raise ValueError(f'{len(starts)} starts, {len(bboxes)} boxes and {len(words)} '
                         'phrases, lists of one length are expected')
    if not all(map(is_int, starts)):
        raise ValueError(f'starts {show(starts)}, integers are expected')
    return Row(_as_name(file), collection_of(dataset) or 'file',
               _as_text(text, 'text'),
               _has_high_bytes(file, text, *phrases),
               [corners(_as_box(bbox), stored or 'xyxy-inclusive') for bbox in bboxes],
               phrases=list(zip(starts, words, strict=True)))


class Dialect(NamedTuple):
    """What tells the lists of ReSC and RefTR apart.

    Attributes:
        name: begins the names of sets.
        files: how they are named.
        source_box: how boxes are stored.
        text_field: which value becomes the text.
        parse: makes a row of a record and of the set's name.
    """

    name: str
    files: str
    source_box: str
    text_field: str
    parse: Callable[[object, str, Optional[str]], Row]


RESC = Dialect(
    'resc', '<name>_<split>.pth',
    'ReSC: x, y, w, h for COCO images, else inclusive corners', 'phrase', parse_resc)
REFTR = Dialect(
    'reftr', '<set>_<part>_<split>.pth',
    'RefTR: half-open corners; captions: inclusive corners', 'phrase or caption',
    parse_reftr)


def find_pth_sets(sources: list[Path], options: ReadOptions, *,
                  dialect: Dialect) -> list[SourceSet]:
    """One set per folder, and per part that the names of RefTR's files give."""
    groups: dict[tuple[Path, Path, str], list[Path]] = {}
    for source in sources:
        root = source if source.is_dir() else source.parent
        for path in find_files(source, '**/*.pth'):
            part = _part(path) if dialect is REFTR else ''
            wanted = dialect is RESC or options.partition in (None, part)
            if wanted and path.name not in IGNORED:
                groups.setdefault((root, path.parent, part), []).append(path)
    if not groups:
        raise FileNotFoundError(f'no {dialect.files} in '
                                f'{", ".join(map(str, sources))}')
    return [PthListSet(folder.resolve(), part, root, files=files, dialect=dialect,
                       name=options.dataset)
            for (root, folder, part), files in groups.items()]


def _part(path: Path) -> str:
    """The partition in the name of a file, empty when it has none."""
    head = path.stem.rpartition('_')[0]
    return head.removeprefix(path.resolve().parent.name).strip('_')


def _split_name(path: Path) -> str:
    return path.stem.rpartition('_')[2]


class PthListSet(SourceSet):
    """The split files of one folder and part, such as ``unc+`` or ``referit``."""

    file_per_split = True

    def __init__(self, folder: Path, part: str, root: Path, *, files: list[Path],
                 dialect: Dialect, name: Optional[str]) -> None:
        if folder.name in RESC_SETS or RESC_ROOT in folder.parts[-2:]:
            dialect = RESC
        parts = (dialect.name, folder.name.replace('+', '_plus'), part)
        super().__init__(name or '_'.join(filter(None, parts)), folder.name,
                         part or None, files=order_by_split(files, _split_name))
        self.root = root
        self.dialect = dialect
        self.source_box, self.text_field = dialect.source_box, dialect.text_field

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read the files of all splits and yield group lines."""
        ctx = Context(report, options)
        parser = _Parser(self, ctx)
        # of ReSC's sets some have a trainval beside the splits that are counted
        known = OFFICIAL_COUNTS.get(self.name) if self.dialect is REFTR else None
        for number, path in enumerate(self.files):
            file = ctx.at_file(path, self.root)
            split = split_of_file(file, _split_name(path), known)
            if split is None:
                continue
            rows = load_as(list, path, 'rows', load_pth)
            if self.dialect is RESC and options.box is None:
                _check_known(path, self.dataset, rows)
            for index, record in enumerate(options.progress(rows, path.name)):
                parser.read_row(file.at(f'[{index}]'), record, split, [number, index])
        self.image_dirs = parser.images.dirs
        yield from parser.collector.lines()


def _check_known(path: Path, dataset: str, rows: list) -> None:
    """Refuse a list of ReSC's form whose boxes may be stored in either way.

    ReSC's rule is about its own sets and about images of COCO.
    """
    known: list[bool] = []
    turned = 0
    for record in rows if collection_of(dataset) is None else ():
        try:
            row = parse_resc(record, dataset, 'xyxy')
        except ValueError:
            continue
        known.append(row.has_mask or coco_number(row.file) is not None)
        x1, y1, x2, y2 = row.boxes[0]
        turned += x2 <= x1 or y2 <= y1
    if all(known):
        return
    hint = (f'{turned} of {len(known)} boxes read as corners have the far corner '
            'before the near one: they look like sizes (xywh)') if turned else (
        'read as corners, all boxes would be possible')
    raise AnnotationFileError(
        path, f'{dataset!r} is not one of the sets of ReSC: state how its boxes are '
        f'stored, --box {" or ".join(BOXES)}. {hint}',
        code='box_format_conflict')


class _Parser:
    """State of reading one set."""

    def __init__(self, source: PthListSet, ctx: Context) -> None:
        self.source = source
        self.images = ImageChecks(ctx, need_size=True)
        self.collector = ExprCollector()
        base = source.files[0].absolute().parent.parent.parent  # of anns/<set>/<file>
        self.masks = ArrayMasks(ctx, base / 'masks' / source.dataset, source.root)
        self.instance_ids = InstanceIds()

    def read_row(self, ctx: Context, record: object, split: str,
                 src: list[int]) -> None:
        """Check a row, and collect its text when it is kept."""
        number = src[1]
        try:
            row = self.source.dialect.parse(record, self.source.dataset,
                                            ctx.options.box)
        except ValueError as error:
            self.source.read.add(split, None)
            ctx.with_ids(expr_id=number).skip([('bad_type', str(error))])
            return
        source = image_of(row.file, row.size, ctx.place, namespace=row.namespace,
                          images_are=ctx.options.images_are)
        ctx = ctx.with_ids(image_id=source.id, expr_id=number)
        self.source.read.add(split, source.id)
        image, errors = self.images.find(source)
        if row.latin1:
            ctx.note('bytes_decoded_latin1', row.text)
        expr = dict(id=number, text=row.text, src=src)
        if row.phrases is None:
            instances = self._read_object(ctx, row, split, image, errors)
        else:
            instances, phrases = self._read_phrases(ctx, row, split, image, errors)
            expr.update(caption=True, phrases=phrases)
        self.collector.add(FoundExpr(
            ctx, expr, split, image, instances, errors,
            scope=(source.id, *map(tuple, row.boxes))))

    def _read_object(self, ctx: Context, row: Row, split: str, image: Optional[dict],
                     errors: Errors) -> list[dict]:
        """The object of a phrase; what is wrong with it is added to ``errors``."""
        name, segm, mask_place = row.mask_file, row.segm, None
        if name is not None and not isinstance(name, str):
            ctx.at('[1]').note('bad_type', show(name))
        elif name and image:
            segm, mask_place = self.masks.check(ctx, name, image)
        number, bbox = str(ctx.ids['expr_id']), row.boxes[0]
        instance, wrong = checked_object(
            ctx, SourceObject(number, bbox, segm=segm, mask_place=mask_place,
                              has_mask=row.has_mask), image)
        errors += wrong
        if not errors:
            instance['id'] = self.instance_ids.claim(
                ctx, row.ann_id, tuple(bbox), number, scope=split)
        return [instance]

    def _read_phrases(self, ctx: Context, row: Row, split: str, image: Optional[dict],
                      errors: Errors) -> tuple[list[dict], list[dict]]:
        """The usable boxes of a caption and its phrases, as in a group line."""
        instances: list[dict] = []
        phrases: list[dict] = []
        for k, ((start, words), bbox) in enumerate(zip(
                row.phrases or (), row.boxes, strict=True)):
            span = [start, start + len(words)]
            if start < 0 or row.text[start:span[1]] != words:
                errors.append(('span_text_mismatch', f'{words} at {start}'))
            code = span_error(span, len(row.text))
            if code:
                ctx.at(f'[1][{k}]').note(code, span)
            where, targets = ctx.at(f'[2][{k}]'), []
            own_id = self.instance_ids.claim(
                where, None, tuple(bbox), f'{ctx.ids["expr_id"]}.{k}', scope=split)
            instance, wrong = checked_object(
                where, SourceObject(own_id, bbox, has_mask=False), image)
            where.skip(wrong, 'box_dropped')
            if not wrong:
                targets.append(len(instances))
                instances.append(instance)
            if not code:
                phrases.append(dict(span=[span], targets=targets))
        return instances, phrases


def _resc_namespace(file: str, dataset: str, is_short: bool) -> str:
    """Where an image is from: told by its name, else by the shape of the row."""
    if coco_number(file) is not None:
        return 'coco'
    known = collection_of(dataset)
    if known in ('vg', 'flickr30k', None):
        return known or 'file'
    return 'flickr30k' if is_short else 'saiapr'


def _polygons(values: list) -> list:
    """Polygons that follow the box, each a flat list or a list of such."""
    parts: list = []
    for value in values:
        nested = isinstance(value, (list, tuple)) and value and all(
            isinstance(part, (list, tuple)) for part in value)
        parts += value if nested else [value]
    return parts


def _without_ending(name: str) -> Optional[str]:
    return name.rpartition('.')[0] or name or None


def _has_high_bytes(*values: object) -> bool:
    return any(isinstance(value, bytes) and not value.isascii() for value in values)


def _as_row(record: object, *lengths: int) -> list:
    if not isinstance(record, (list, tuple)):
        raise ValueError(f'{type(record).__name__}, a tuple is expected')
    if len(record) not in lengths:
        raise ValueError(f'{len(record)} values, {lengths[0]} or {lengths[1]} are '
                         'expected')
    return list(record)


def _as_text(value: object, what: str) -> str:
    value = value.decode('latin1') if isinstance(value, bytes) else value
    if not isinstance(value, str):
        raise ValueError(f'{what} {show(value)}, a string is expected')
    return value


def _as_name(value: object) -> str:
    name = _as_text(value, 'image name')
    if not name:
        raise ValueError('the image name is empty')
    return name


def _as_list(value: Any, what: str) -> list:
    """A list, tuple or tensor as a list."""
    value = value.tolist() if hasattr(value, 'tolist') else value
    if not isinstance(value, (list, tuple)):
        raise ValueError(f'{what} {show(value)}, a list is expected')
    return list(value)


def _as_box(value: object) -> list[float]:
    box = _as_list(value, 'box')
    if not is_box(box):
        raise ValueError(f'box {show(box)}, four numbers are expected')
    return list(map(float, box))
