"""RefTR lists: ``<set>_<part>_<split>.pth`` beside folders of masks, and captions."""
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from segvg.annotations.checks import Place, Report
from segvg.annotations.files.pickles import AnnotationFileError, load_pth
from segvg.annotations.mask_checks import CheckedMask
from segvg.annotations.official_counts import OFFICIAL_COUNTS
from segvg.annotations.readers import field_checks
from segvg.annotations.readers.base import ReadOptions, SourceObject, SourceSet
from segvg.annotations.readers.expressions import ExprCollector, SourceExpr
from segvg.annotations.readers.images import FOLDERS, ImageChecks, image_of
from segvg.annotations.readers.instance_ids import InstanceIds
from segvg.annotations.readers.mask_files import ArrayMasks
from segvg.annotations.readers.objects import Errors, check_object
from segvg.annotations.readers.reftr_rows import CaptionRow, PhraseRow, parse_row
from segvg.annotations.readers.resc import IGNORED, RescSet
from segvg.annotations.readers.splits import order_by_split, split_of_name

RESC_ROOT, RESC_SETS = 'annotations_resc', ('vg',)  # lists in the form of ReSC
SET_NAMES = {'refcoco+': 'refcoco_plus'}


def find_reftr_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per folder and part that ``<set>_<part>_<split>.pth`` files name."""
    groups: dict[tuple, list[Path]] = {}
    for source in sources:
        if not source.exists():
            raise FileNotFoundError(f'there is no file or folder {source}')
        folder = source.is_dir()
        root = source if folder else source.parent
        for path in sorted(source.rglob('*.pth')) if folder else [source]:
            if path.name not in IGNORED and options.partition in (None, _part(path)):
                groups.setdefault((root, path.parent, _part(path)), []).append(path)
    if not groups:
        raise FileNotFoundError(f'no <set>_<part>_<split>.pth in '
                                f'{", ".join(map(str, sources))}')
    return [_make_set(root, folder, part, files, options.dataset)
            for (root, folder, part), files in groups.items()]


def _make_set(root: Path, folder: Path, part: str, files: list[Path],
              name: Optional[str]) -> SourceSet:
    folder = folder.resolve()
    if folder.name in RESC_SETS or RESC_ROOT in folder.parts[-2:]:
        return RescSet(folder.name, name, root, files=files)
    return RefTRSet(folder.name, part, root, files=files, name=name)


def _part(path: Path) -> str:
    """The partition in the name of a file, empty when it has none."""
    head = path.stem.rpartition('_')[0]
    return head.removeprefix(path.resolve().parent.name).strip('_')


def _split_name(path: Path) -> str:
    return path.stem.rpartition('_')[2]


class RefTRSet(SourceSet):
    """The split files of one folder and part."""

    source_box = 'RefTR: half-open corners; captions: inclusive corners'
    text_field = 'phrase or caption'
    file_per_split = True

    def __init__(self, dataset: str, part: str, root: Path, *, files: list[Path],
                 name: Optional[str]) -> None:
        parts = ('reftr', SET_NAMES.get(dataset, dataset), part)
        super().__init__(name or '_'.join(filter(None, parts)), dataset, part or None,
                         files=order_by_split(files, _split_name))
        self.root = root

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read the files of all splits and yield group lines."""
        images = ImageChecks(report, options, need_size=True)
        collector = ExprCollector(report, options)
        base = self.files[0].absolute().parent.parent.parent  # of anns/<set>/<file>
        masks = ArrayMasks(base / 'masks' / self.dataset, self.root, report=report,
                           need_mask=options.need_mask)
        for number, path in enumerate(self.files):
            place = Place(path.relative_to(self.root).as_posix())
            split = split_of_name(_split_name(path), OFFICIAL_COUNTS.get(self.name),
                                  report, place)
            if split is None:
                continue
            rows = load_pth(path)
            if not isinstance(rows, (list, tuple)):
                raise AnnotationFileError(path, 'expected a list of rows, got '
                                          f'{type(rows).__name__}', code='bad_type')
            reading = _Parser(self, split, number, images=images, collector=collector,
                               masks=masks, report=report, options=options)
            for index, row in enumerate(options.progress(rows, path.name)):
                reading.read_row(index, row, place.child(f'[{index}]'))
        self.image_dirs = images.dirs
        yield from collector.grouper.lines()


class _Parser:
    """State of reading one file."""

    def __init__(self, source: RefTRSet, split: str, file_number: int, *,
                 images: ImageChecks, collector: ExprCollector, masks: ArrayMasks,
                 report: Report, options: ReadOptions) -> None:
        self.source = source
        self.split = split
        self.file_number = file_number
        self.images = images
        self.collector = collector
        self.masks = masks
        self.report = report
        self.options = options
        self.instance_ids = InstanceIds()

    def read_row(self, number: int, record: object, place: Place) -> None:
        """Check a row, and add it when it is kept."""
        row = parse_row(record)
        if isinstance(row, str):
            self.source.read.add(self.split, None)
            self.report.add('bad_type', place, 'skip', value=row, expr_id=number)
            return
        captions = isinstance(row, CaptionRow)
        namespace = 'flickr30k' if captions else 'saiapr'
        source = image_of(row.file, (None, None), place, namespace=namespace)
        namespace = source.id.partition(':')[0]
        ids = dict(image_id=source.id, expr_id=number)
        self.source.read.add(self.split, source.id)
        image, missing = self.images.check(source, FOLDERS.get(namespace, ''))
        errors = [('image_missing', missing)] if missing else []
        if row.latin1:
            self.report.add('bytes_decoded_latin1', place, value=row.text, **ids)
        expr = dict(id=number, text=row.text, src=[self.file_number, number])
        if captions:
            instances = self._read_phrases(row, expr, image, errors, place, ids)
            scope = number
        else:
            instances = self._read_object(row, image, errors, place, ids)
            scope = (source.id, *row.bbox)
        self.collector.add(SourceExpr(expr, self.split, image, instances, errors, place,
                                      scope, ids))

    def _read_object(self, row: PhraseRow, image: Optional[dict], errors: Errors,
                     place: Place, ids: dict) -> list[dict]:
        """The object of a phrase, with its mask."""
        name, mask, mask_place = row.mask, None, None
        if name is not None and not field_checks.is_text(name):
            self.report.add('bad_type', place.child('[1]'), value=field_checks.show(name),
                            **ids)
            mask, name = None if self.options.need_mask else CheckedMask(None), None
        elif name and image:
            mask, mask_place = self.masks.check(
                name, (image['width'], image['height']), place)
        ann_id = re.sub(r'\.[^.]*$', '', name) if name else None
        instance_id, again = self.instance_ids.take(
            ids['image_id'], ann_id or None, tuple(row.bbox), str(ids['expr_id']))
        if again:
            self.report.add('id_duplicate', place, value=ann_id, **ids)
        instance, wrong = check_object(
            SourceObject(instance_id, row.bbox, place, segm=mask, mask_place=mask_place,
                         has_mask=image is not None),
            *_size(image), self.report, self.options, **ids)
        errors += wrong
        return [instance]

    def _read_phrases(self, row: CaptionRow, expr: dict, image: Optional[dict],
                      errors: Errors, place: Place, ids: dict) -> list[dict]:
        """Add its phrases to a caption; the objects that they name."""
        instances, phrases = [], []
        for k, (start, bbox, text) in enumerate(zip(
                row.starts, row.bboxes, row.phrases, strict=True)):
            where, span = place.child(f'[1][{k}]'), [start, start + len(text)]
            aligned = start >= 0 and row.text[start:span[1]] == text
            if not aligned:
                errors.append(('span_text_mismatch', f'{text} at {start}'))
            code = _span_code(span, len(row.text))
            if code:
                self.report.add(code, where, value=span, **ids)
            target = self._read_box(bbox, k, image, place, ids)
            instances += [target] if target else []
            if not code:
                phrases.append(dict(span=[span], targets=[
                    len(instances) - 1] if target else []))
        expr.update(caption=True, phrases=phrases)
        return instances

    def _read_box(self, bbox: list[float], k: int, image: Optional[dict], place: Place,
                  ids: dict) -> Optional[dict]:
        """The object of a phrase of a caption, None when its box is of no use."""
        x1, y1, x2, y2 = bbox
        instance_id, _ = self.instance_ids.take(
            ids['image_id'], None, tuple(bbox), f'{ids["expr_id"]}.{k}')
        where = place.child(f'[2][{k}]')
        instance, wrong = check_object(
            SourceObject(instance_id, [x1, y1, x2 + 1, y2 + 1], where, has_mask=False),
            *_size(image), self.report, self.options, **ids)
        for code, value in wrong:
            self.report.add(code, where, 'box_dropped', value=value, **ids)
        return None if wrong else instance


def _size(image: Optional[dict]) -> tuple[float, float]:
    return (image['width'], image['height']) if image else (float('inf'),) * 2


def _span_code(span: list[int], length: int) -> Optional[str]:
    if not 0 <= span[0] <= span[1] <= length:
        return 'span_out_of_range'
    return 'span_empty' if span[0] == span[1] else None
