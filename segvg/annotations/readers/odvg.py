"""ODVG: JSON lines of captions and regions, as mmdet trains on them."""
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.files.pickles import parse_json
from segvg.annotations.readers.base import (
    ReadOptions,
    SourceImage,
    SourceObject,
    SourceSet,
)
from segvg.annotations.readers.expressions import ExprCollector, SourceExpr
from segvg.annotations.readers.field_checks import (
    is_anything,
    is_box,
    is_list,
    is_size,
    is_text,
    other_fields,
    read_fields,
)
from segvg.annotations.readers.images import ImageChecks, image_of
from segvg.annotations.readers.objects import Errors, check_object
from segvg.annotations.readers.spans import Span, check_spans
from segvg.annotations.readers.splits import order_by_split


def _is_boxes(value: object) -> bool:
    return is_box(value) or (
        is_list(value) and bool(value) and all(map(is_box, value)))


def _is_phrase(value: object) -> bool:
    return is_text(value) or (
        is_list(value) and all(map(is_text, value)))


REGION_REQUIRED = dict(bbox=_is_boxes, phrase=is_anything,
                       tokens_positive=is_anything)
REGION_OPTIONAL = dict(phrase=_is_phrase, tokens_positive=is_list)


class RegionParser:
    """Checks the regions of a caption.

    Attributes:
        instances: usable boxes, each once.
        phrases: one per region; targets are places in ``instances``.
        errors: what skips the caption.
    """

    def __init__(self, image: Optional[dict], place: Place, ids: dict, *,
                 report: Report, options: ReadOptions) -> None:
        self._place = place
        self._ids = ids
        self._report = report
        self._options = options
        self._size = (image['width'], image['height']) if image else (
            math.inf, math.inf)
        self._numbers: dict[tuple, int] = {}
        self._lost: Errors = []
        self.instances: list[dict] = []
        self.phrases: list[dict] = []
        self.errors: Errors = []

    def read_all(self, regions: list, text: Optional[str]) -> None:
        """Check all regions of a caption; one that loses all its boxes is skipped.

        Without a box it would read as a picture that shows nothing of what it says.
        """
        for number, region in enumerate(regions):
            self._read(region, text, self._place.child(f'.grounding.regions[{number}]'))
        if self._lost and not self.instances:
            self.errors += self._lost
            if self._options.check >= Check.FAST:
                self._report.add('caption_without_boxes', self._place, **self._ids)

    def _read(self, record: object, text: Optional[str], place: Place) -> None:
        region, errors = read_fields(record, REGION_REQUIRED, REGION_OPTIONAL,
                                     self._report, place, **self._ids)
        self.errors += errors
        boxes = region.get('bbox', [])
        boxes = [boxes] if is_box(boxes) else boxes
        targets = [self._read_box(box, place) for box in boxes]
        if text is None:
            return
        listed = region.get('tokens_positive', [])
        spans = check_spans(listed, len(text), self._report,
                            place.child('.tokens_positive'), **self._ids)
        if self._options.check >= Check.FAST and len(spans) == len(listed) and (
                not _says(region.get('phrase'), spans, text)):
            self._report.add('span_text_mismatch', place, value=region['phrase'],
                             **self._ids)
        if spans:
            self.phrases.append(dict(span=sorted(spans), targets=[
                target for target in targets if target is not None]))

    def _read_box(self, box: list, place: Place) -> Optional[int]:
        """Check a box; its place among the instances, None when it is of no use."""
        bbox = [float(value) for value in box]
        if tuple(bbox) in self._numbers:
            return self._numbers[tuple(bbox)]
        instance, errors = check_object(
            SourceObject(None, bbox, place, has_mask=False), *self._size, self._report,
            self._options, **self._ids)
        for code, value in errors:
            self._report.add(code, place, 'box_dropped', value=value, **self._ids)
        self._lost += errors
        if errors:
            return None
        self._numbers[tuple(bbox)] = len(self.instances)
        self.instances.append(instance)
        return self._numbers[tuple(bbox)]


def _says(phrase: object, spans: list[Span], text: str) -> bool:
    """Whether spans mark the words of a phrase, which is one string or one a span."""
    words = [text[start:end] for start, end in spans]
    if isinstance(phrase, list):
        return phrase == words
    if not spans:
        return not phrase
    hull = text[min(span[0] for span in spans):max(span[1] for span in spans)]
    return phrase is None or phrase in (' '.join(words), hull)


PATTERNS = ('*_vg.json', '*_vg.jsonl', '*.jsonl')
DETECTION = re.compile(r'.*_od\.jsonl?')
# namespace of image ids -> what file names of such images have in them
NAMESPACES = dict(flickr30k='flickr', vg='vg|visual.?genome', o365='o365|objects365')


def _is_record(value: object) -> bool:
    return isinstance(value, dict)


RECORD_REQUIRED = dict(filename=is_text, height=is_size,
                       width=is_size, grounding=_is_record)
GROUNDING_REQUIRED = dict(caption=is_text, regions=is_list)


def find_odvg_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per name of a grounding file without its split."""
    groups: dict[tuple, dict[Path, None]] = {}
    for source in sources:
        if source.is_dir():
            paths = [path for pattern in PATTERNS
                     for path in sorted(source.glob(pattern))
                     if not DETECTION.fullmatch(path.name)]
        elif source.is_file():
            paths = [source]
        else:
            raise FileNotFoundError(f'there is no file or folder {source}')
        for path in paths:
            key = (_parse_name(path)[0], path.parent, path.suffix)
            groups.setdefault(key, {})[path] = None
    if not groups:
        raise FileNotFoundError(f'no {" or ".join(PATTERNS)} in '
                                f'{", ".join(map(str, sources))}')
    return [OdvgSet(name, list(paths), options.dataset)
            for (name, _, _), paths in groups.items()]


def _parse_name(path: Path) -> tuple[str, str]:
    """Set and split that the name of a file gives."""
    stem = path.stem.removesuffix('_vg')
    parts = re.split('[_.-]', stem)
    split = next((part for part in parts if part in ('train', 'val', 'test')), 'all')
    name = '_'.join(part for part in parts if part != split)
    return name or stem, split


class OdvgSet(SourceSet):
    """The grounding files of one data set, one for each split."""

    source_box = 'ODVG: x1, y1, x2, y2, 0-based'
    text_field = 'caption'
    file_per_split = True

    def __init__(self, dataset: str, files: list[Path], name: Optional[str]) -> None:
        super().__init__(name or f'odvg_{dataset.replace("+", "_plus")}', dataset, None,
                         files=order_by_split(files, lambda path: _parse_name(path)[1]))

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read the files of all splits and yield group lines."""
        reading = _Parser(self, report=report, options=options)
        for number, path in enumerate(self.files):
            split = _parse_name(path)[1]
            with open(path, 'rb') as stream:
                for index, data in enumerate(options.progress(stream, path.name), 1):
                    place = Place(path.name, f'line:{index}')
                    if data.strip():
                        reading.read_line(data, split, place, [number, index - 1])
        self.image_dirs = reading.images.dirs
        yield from reading.collector.grouper.lines()


class _Parser:
    """State of reading one set."""

    def __init__(self, source: OdvgSet, *, report: Report,
                 options: ReadOptions) -> None:
        self.source = source
        self.report = report
        self.options = options
        self.images = ImageChecks(report, options)
        self.collector = ExprCollector(report, options)
        self.names: dict[str, str] = {}
        self.instance_ids: dict[tuple, str] = {}

    def read_line(self, data: bytes, split: str, place: Place, src: list[int]) -> None:
        """Check a line, and collect its caption when it is kept."""
        try:
            record = parse_json(data)
        except (ValueError, RecursionError) as error:
            self.source.read.add(split, None)
            self.report.add('bad_json_line', place, 'skip', value=str(error))
            return
        known, errors = read_fields(record, RECORD_REQUIRED, {}, self.report, place)
        ids = dict(image_id=None, expr_id=place.at)
        image = self._read_image(known, errors, place, ids)
        self.source.read.add(split, ids['image_id'])
        expr = dict(id=place.at, caption=True, src=src)
        regions = RegionParser(image, place, ids, report=self.report,
                                options=self.options)
        if 'grounding' in known:
            grounding, more = read_fields(known['grounding'], GROUNDING_REQUIRED, {},
                                          self.report, place.child('.grounding'))
            errors += more
            regions.read_all(grounding.get('regions', []), grounding.get('caption'))
            expr['phrases'] = regions.phrases
            if 'caption' in grounding:
                expr['text'] = grounding['caption']
            extra = {**other_fields(record, RECORD_REQUIRED),
                     **other_fields(known['grounding'], GROUNDING_REQUIRED)}
            if extra:
                expr['extra'] = extra
        self.collector.add(SourceExpr(
            expr, split, image, self._with_ids(regions.instances, split, image, place),
            errors + regions.errors, place, None, ids))

    def _with_ids(self, instances: list[dict], split: str, image: Optional[dict],
                  place: Place) -> list[dict]:
        """Instances with ids; one box of an image in a split is one object."""
        found = []
        for number, instance in enumerate(instances):
            key = (split, image and image['id'], *instance['bbox'])
            ann_id = self.instance_ids.setdefault(key, f'{place.at}.{number}')
            found.append({**instance, 'id': ann_id})
        return found

    def _read_image(self, record: dict, errors: Errors, place: Place,
                    ids: dict) -> Optional[dict]:
        if not {'filename', 'width', 'height'} <= record.keys():
            return None
        source = self._image(record, place)
        ids['image_id'] = source.id
        image, missing = self.images.check(source)
        errors += [('image_missing', missing)] if missing else []
        return image

    def _image(self, record: dict, place: Place) -> SourceImage:
        """The image; names of one number in two collections keep their names as ids."""
        file = record['filename']
        namespace = next((name for name, part in NAMESPACES.items()
                          if re.search(part, file.lower())), 'file')
        source = image_of(file, (record['width'], record['height']), place,
                          namespace=namespace)
        if self.names.setdefault(source.id, source.file) != source.file:
            source.id = f'file:{source.file}'
        return source
