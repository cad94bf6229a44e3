"""ODVG: JSON lines of captions and regions, as mmdet trains on them."""
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from segvg.annotations.checks import Place, Report
from segvg.annotations.files.json_values import parse_json
from segvg.annotations.readers.base import (
    Context,
    Errors,
    ReadOptions,
    SourceImage,
    SourceObject,
    SourceSet,
)
from segvg.annotations.readers.expressions import ExprCollector, FoundExpr
from segvg.annotations.readers.field_checks import (
    Fields,
    is_anything,
    is_box,
    is_list,
    is_record,
    is_size,
    is_text,
    list_of,
    other_fields,
    show,
)
from segvg.annotations.readers.ids import InstanceIds
from segvg.annotations.readers.images import ImageChecks, image_of
from segvg.annotations.readers.objects import checked_object, corners
from segvg.annotations.readers.source_files import find_files
from segvg.annotations.readers.splits import SPLIT_ALIASES, order_by_split
from segvg.annotations.readers.texts import Span, usable_spans

PATTERNS = ('*_vg.json', '*_vg.jsonl', '*.jsonl')
DETECTION = re.compile(r'.*_od\.jsonl?')
# namespace of image ids -> what file names of such images have in them
NAMESPACES = dict(flickr30k='flickr', vg='vg|visual.?genome', o365='o365|objects365')


def _is_boxes(value: object) -> bool:
    return is_box(value) or bool(value) and list_of(is_box)(value)


def _is_phrase(value: object) -> bool:
    return is_text(value) or list_of(is_text)(value)


RECORD_REQUIRED = Fields(filename=is_text, height=is_size, width=is_size,
                         grounding=is_record)
GROUNDING_REQUIRED = Fields(caption=is_text, regions=is_list)
REGION_REQUIRED = Fields(bbox=_is_boxes, phrase=is_anything)
REGION_OPTIONAL = Fields(phrase=_is_phrase, tokens_positive=is_list)


def find_odvg_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per name of a grounding file without its split."""
    groups: dict[tuple, dict[Path, None]] = {}
    for source in sources:
        for path in find_files(source, *PATTERNS):
            if source.is_file() or not DETECTION.fullmatch(path.name):
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
    word = next((part for part in parts
                 if part in ('train', 'val', 'test', *SPLIT_ALIASES)), 'all')
    name = '_'.join(part for part in parts if part != word)
    return name or stem, SPLIT_ALIASES.get(word, word)


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
        ctx = Context(report, options)
        parser = _Parser(self, ctx)
        for number, path in enumerate(self.files):
            split = _parse_name(path)[1]
            with open(path, 'rb') as stream:
                for index, data in enumerate(options.progress(stream, path.name)):
                    if data.strip():
                        place = Place(path.name, f'line:{index + 1}')
                        parser.read_line(ctx._replace(place=place), data, split,
                                         [number, index])
        self.image_dirs = parser.images.dirs
        yield from parser.collector.lines()


class _Parser:
    """State of reading one set."""

    def __init__(self, source: OdvgSet, ctx: Context) -> None:
        self.source = source
        self.images = ImageChecks(ctx)
        self.collector = ExprCollector()
        self.names: dict[str, str] = {}
        self.instance_ids = InstanceIds()

    def read_line(self, ctx: Context, data: bytes, split: str, src: list[int]) -> None:
        """Check a line, and collect its caption when it is kept."""
        try:
            record = parse_json(data)
        except (ValueError, RecursionError) as error:
            self.source.read.add(split, None)
            ctx.skip([('bad_json_line', str(error))])
            return
        known, errors = ctx.fields(record, RECORD_REQUIRED)
        ctx, image = ctx.with_ids(expr_id=ctx.place.at), None
        if {'filename', 'width', 'height'} <= known.keys():
            source = self._image(ctx, known)
            ctx = ctx.with_ids(image_id=source.id)
            image, wrong = self.images.find(source)
            errors += wrong
        self.source.read.add(split, ctx.ids.get('image_id'))
        expr = dict(id=ctx.place.at, caption=True, src=src)
        regions = _RegionParser(ctx, split, image, self.instance_ids)
        if isinstance(record, dict) and 'grounding' in known:
            grounding, wrong = ctx.at('.grounding').fields(
                known['grounding'], GROUNDING_REQUIRED)
            errors += wrong
            regions.read_all(grounding.get('regions', []), grounding.get('caption'))
            expr['phrases'] = regions.phrases
            if 'caption' in grounding:
                expr['text'] = grounding['caption']
            extra = {**other_fields(record, RECORD_REQUIRED),
                     **other_fields(known['grounding'], GROUNDING_REQUIRED)}
            if extra:
                expr['extra'] = extra
        self.collector.add(FoundExpr(ctx, expr, split, image, regions.instances,
                                     errors + regions.errors))

    def _image(self, ctx: Context, record: dict) -> SourceImage:
        """The image; names of one number in two collections keep their names as ids."""
        file = record['filename']
        namespace = next((name for name, part in NAMESPACES.items()
                          if re.search(part, file.lower())), 'file')
        source = image_of(file, (record['width'], record['height']), ctx.place,
                          namespace=namespace,
                          images_are=ctx.options.images_are)
        if self.names.setdefault(source.id, source.file) != source.file:
            source.id = f'file:{source.file}'
        return source


class _RegionParser:
    """Checks the regions of a caption.

    Attributes:
        instances: usable boxes, each once; one box of an image in a split is one
            object.
        phrases: one per region; targets are positions in ``instances``.
        errors: what skips the caption.
    """

    def __init__(self, ctx: Context, split: str, image: Optional[dict],
                 instance_ids: InstanceIds) -> None:
        self._ctx = ctx
        self._split = split
        self._image = image
        self._instance_ids = instance_ids
        self._positions: dict[tuple, int] = {}
        self._lost: Errors = []
        self.instances: list[dict] = []
        self.phrases: list[dict] = []
        self.errors: Errors = []

    def read_all(self, regions: list, text: Optional[str]) -> None:
        """Check all regions of a caption; one that loses all its boxes is skipped.

        Without a box it would read as an image that shows nothing of what it says.
        """
        for number, region in enumerate(regions):
            self._read(self._ctx.at(f'.grounding.regions[{number}]'), region, text)
        if self._lost and not self.instances:
            self.errors += self._lost
            if self._ctx.is_fast:
                self._ctx.note('caption_without_boxes')

    def _read(self, ctx: Context, record: object, text: Optional[str]) -> None:
        region, errors = ctx.fields(record, REGION_REQUIRED, REGION_OPTIONAL)
        self.errors += errors
        boxes = region.get('bbox', [])
        boxes = [boxes] if is_box(boxes) else boxes
        targets = [self._read_box(ctx, box) for box in boxes]
        if text is None:
            return
        listed = region.get('tokens_positive')
        if listed is None:  # as in the files of Open-GroundingDino
            spans = _look_up(region.get('phrase'), text)
            if not spans and 'phrase' in region:
                self.errors.append((
                    'span_text_mismatch', 'without tokens_positive, and the caption '
                    f'does not hold the phrase {show(region["phrase"])}'))
        else:
            spans = usable_spans(ctx.at('.tokens_positive'), listed, len(text))
            if ctx.is_fast and len(spans) == len(listed) and (
                    not _says(region.get('phrase'), spans, text)):
                ctx.note('span_text_mismatch', region['phrase'])
        if spans:
            self.phrases.append(dict(span=sorted(spans), targets=[
                target for target in targets if target is not None]))

    def _read_box(self, ctx: Context, box: list) -> Optional[int]:
        """Check a box; its position among the instances, None when it is of no use."""
        bbox = corners(box, ctx.options.box or 'xyxy')
        position = len(self.instances)
        if tuple(bbox) in self._positions:
            return self._positions[tuple(bbox)]
        instance, errors = checked_object(
            ctx, SourceObject(None, bbox, has_mask=False), self._image)
        ctx.skip(errors, 'box_dropped')
        self._lost += errors
        if errors:
            return None
        instance['id'] = self._instance_ids.claim(
            ctx, None, tuple(bbox), f'{self._ctx.place.at}.{position}',
            scope=self._split)
        self.instances.append(instance)
        self._positions[tuple(bbox)] = position
        return position


def _look_up(phrase: object, text: str) -> list[list[int]]:
    """The spans of the words of a phrase, where it stands in a text first.

    Words of any case; whole words go before parts of words.
    """
    spans: list[list[int]] = []
    phrases = [phrase] if is_text(phrase) else phrase if is_list(phrase) else []
    for words in phrases:
        pattern = re.escape(words.strip())
        found = re.search(rf'(?<!\w){pattern}(?!\w)', text, re.IGNORECASE) or re.search(
            pattern, text, re.IGNORECASE)
        if not words.strip() or found is None:
            return []
        spans.append(list(found.span()))
    return spans


def _says(phrase: object, spans: list[Span], text: str) -> bool:
    """Whether spans mark the words of a phrase, which is one string or one a span."""
    words = [text[start:end] for start, end in spans]
    if isinstance(phrase, list):
        return phrase == words
    if not spans:
        return not phrase
    hull = text[min(span[0] for span in spans):max(span[1] for span in spans)]
    return phrase is None or phrase in (' '.join(words), hull)
