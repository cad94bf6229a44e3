"""FineCops-Ref: expressions with one box, and false ones paired with them."""
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from segvg.annotations.checks import Place, Report
from segvg.annotations.readers.base import (
    Context,
    Errors,
    ReadOptions,
    SourceObject,
    SourceSet,
)
from segvg.annotations.readers.coco_instances import (
    annotations_of_entries,
    load_coco_lists,
)
from segvg.annotations.readers.expressions import ExprCollector, FoundExpr
from segvg.annotations.readers.field_checks import (
    Fields,
    is_anything,
    is_box,
    is_finite,
    is_flag,
    is_id,
    is_int,
    is_size,
    is_text,
    other_fields,
)
from segvg.annotations.readers.ids import UniqueIds
from segvg.annotations.readers.images import ImageChecks, image_of
from segvg.annotations.readers.objects import checked_object, corners
from segvg.annotations.readers.source_files import find_files
from segvg.annotations.readers.splits import (
    SPLIT_ALIASES,
    order_by_split,
    split_of_file,
)

NAME = '*_coco_format.json'
SPLITS = re.compile(rf'(?:^|_)(train|val|test|{"|".join(SPLIT_ALIASES)})(?=_)')
ENTRY_REQUIRED = Fields(id=is_int, file_name=is_text, width=is_size, height=is_size,
                        caption=is_text)
ANN_REQUIRED = Fields(image_id=is_int, bbox=is_box, level=is_int)
ANN_OPTIONAL = Fields(id=is_id, area=is_finite, iscrowd=is_flag, category_id=is_int,
                      tokens_positive=is_anything)
NEGATIVE_REQUIRED = Fields(negative_type=is_text, negative_level=is_int,
                           negative_cate=is_text, positive_id=is_id)


def find_finecops_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per source: the files in the shape of COCO that it holds."""
    sets: list[SourceSet] = []
    for source in sources:
        files = find_files(source, NAME)
        if not files:
            raise FileNotFoundError(f'{source} has no file named {NAME}')
        sets.append(FineCopsSet(files, options.dataset))
    return sets


def _split_of(path: Path) -> str:
    """The split in the name of a file, ``all`` when the name has none."""
    match = SPLITS.search(path.stem)
    return match[1] if match else 'all'


class FineCopsSet(SourceSet):
    """Entries with one expression each, which is true or false.

    ``source`` is the part of an expression: ``level 2``, or ``negative text attribute,
    level 1``. ``negative_of`` of a false expression is the id of the true one that it
    is made of. A false expression is skipped when its true one is.
    """

    source_box = 'MDETR: x, y, w, h, 0-based'
    text_field = 'caption'
    file_per_split = False

    def __init__(self, files: list[Path], name: Optional[str]) -> None:
        super().__init__(name or 'finecops_ref', 'finecops_ref', None,
                         files=order_by_split(files, _split_of))

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read all files and yield group lines."""
        ctx = Context(report, options)
        parser = _Parser(self, ctx)
        found: list[FoundExpr] = []
        for number, path in enumerate(self.files):
            found += parser.read_file(ctx._replace(place=Place(path.name)), path,
                                      number)
        collector = ExprCollector()
        true: dict[tuple, object] = {}  # split and id in the source -> id of the line
        for expr in found:
            if 'negative_of' not in expr.record and collector.add(expr):
                true.setdefault((expr.split, str(expr.ctx.ids['expr_id'])),
                                expr.record['id'])
        for expr in found:
            positive = expr.record.get('negative_of')
            if positive is not None:
                own_id = true.get((expr.split, str(positive)))
                if own_id is None:
                    expr.errors.append(('dangling_sentence', positive))
                elif str(own_id) != str(positive):
                    expr.record['negative_of'] = own_id
                collector.add(expr)
        self.image_dirs = parser.images.dirs
        yield from collector.lines()


class _Parser:
    """State of reading one set."""

    def __init__(self, source: FineCopsSet, ctx: Context) -> None:
        self.source = source
        self.images = ImageChecks(ctx)
        self.expr_ids: dict[str, UniqueIds] = defaultdict(UniqueIds)  # of a split

    def read_file(self, ctx: Context, path: Path, number: int) -> list[FoundExpr]:
        """Check all entries of a file."""
        content = load_coco_lists(path)
        split = split_of_file(ctx, _split_of(path), None) or 'all'
        numbers: dict[int, list[int]] = defaultdict(list)
        for place, entry_id in annotations_of_entries(ctx, content, 'box_dropped'):
            numbers[entry_id].append(place)
        return [self._read_entry(
            ctx.at(f'images[{index}]'), entry, content['annotations'], numbers,
            split, [number, index])
            for index, entry in enumerate(ctx.options.progress(content['images'],
                                                               path.name))]

    def _read_entry(self, ctx: Context, record: object, annotations: list,
                    numbers: dict, split: str, src: list[int]) -> FoundExpr:
        """Check an entry with its one annotation."""
        entry, errors = ctx.fields(record, ENTRY_REQUIRED)
        ctx = ctx.with_ids(expr_id=entry.get('id'))
        image = None
        if {'file_name', 'width', 'height'} <= entry.keys():
            source = image_of(entry['file_name'], (entry['width'], entry['height']),
                              ctx.place, namespace='file',
                              images_are=ctx.options.images_are)
            ctx = ctx.with_ids(image_id=source.id)
            image, wrong = self.images.find(source)
            errors += wrong
        self.source.read.add(split, ctx.ids.get('image_id'))
        places = numbers.get(entry.get('id'), [])
        if len(places) != 1 and 'id' in entry:
            errors.append(('target_count', f'{len(places)} annotations instead of 1'))
        expr: dict = dict(src=src)
        if 'id' in entry:
            expr['id'] = self.expr_ids[split].claim(ctx, entry['id'])
        if 'caption' in entry:
            expr['text'] = entry['caption']
        instances: list[dict] = []
        if len(places) == 1:
            place = ctx._replace(place=ctx.place._replace(
                at=f'annotations[{places[0]}]'))
            instances = self._read_annotation(place, annotations[places[0]], image,
                                              expr, errors)
        return FoundExpr(ctx, expr, split, image, instances, errors,
                         scope=expr.get('id'))

    def _read_annotation(self, ctx: Context, record: dict, image: Optional[dict],
                         expr: dict, errors: Errors) -> list[dict]:
        """The target, none for a false expression; completes the expression."""
        marks = {} if record.get('negative_type') is None else NEGATIVE_REQUIRED
        known, wrong = ctx.fields(record, {**ANN_REQUIRED, **marks}, ANN_OPTIONAL)
        errors += wrong
        if marks:
            expr['negative_of'] = known.get('positive_id', '')
            expr['source'] = (f'negative {known.get("negative_cate")} '
                              f'{known.get("negative_type")}, level '
                              f'{known.get("negative_level")}')
        else:
            expr['source'] = f'level {known.get("level")}'
        extra = other_fields(record, ANN_REQUIRED, ANN_OPTIONAL, marks)
        if extra:
            expr['extra'] = extra
        if marks or 'bbox' not in known:
            return []
        instance, wrong = checked_object(ctx, SourceObject(
            str(expr.get('id')), corners(known['bbox']), area=known.get('area'),
            has_mask=False), image)
        errors += wrong
        return [instance]
