"""The canonical form read as a source: checked, and written again."""
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from segvg.annotations import canonical
from segvg.annotations.canonical_schema import violations
from segvg.annotations.checks import Place, Report
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.files.json_values import load_json, parse_json
from segvg.annotations.official_counts import Counts, compare_counts
from segvg.annotations.readers.base import (
    Context,
    Errors,
    ReadCounts,
    ReadOptions,
    SourceImage,
    SourceObject,
    SourceSet,
)
from segvg.annotations.readers.expressions import ExprCollector, FoundExpr
from segvg.annotations.readers.field_checks import (
    Fields,
    is_box,
    is_finite,
    is_flag,
    is_id,
    is_int,
    is_list,
    is_record,
    is_size,
    is_text,
    list_of,
    or_none,
)
from segvg.annotations.readers.ids import UniqueIds
from segvg.annotations.readers.images import ImageChecks, is_inside, with_slashes
from segvg.annotations.readers.objects import checked_object
from segvg.annotations.readers.splits import order_by_split
from segvg.annotations.readers.texts import usable_spans

# what may be read as a number that JSON cannot write
ODD_NUMBER = re.compile(rb'NaN|Infinity|[0-9][eE]\+?[0-9]{3}|[0-9]{39}')
META, REPORT = '.meta.json', '.report.jsonl'
SPLIT_ORDER = ('train', 'val', 'test')
LINE_REQUIRED = Fields(image=is_record, split=is_text, instances=is_list, exprs=is_list)
IMAGE_REQUIRED = Fields(id=is_text, file=is_text, width=is_size, height=is_size)
IMAGE_OPTIONAL = Fields(alt=list_of(is_text), coco_id=or_none(is_int))
INSTANCE_REQUIRED = Fields(id=is_id, bbox=or_none(is_box))
INSTANCE_OPTIONAL = Fields(category_id=is_id, iscrowd=is_flag, area=is_finite,
                           segm=is_record)
EXPR_REQUIRED = Fields(id=is_id, text=is_text, targets=is_list)
EXPR_OPTIONAL = Fields(ref_id=is_id, sent=is_text, tokens=is_list, caption=is_flag,
                       phrases=is_list)
PHRASE_REQUIRED = Fields(span=is_list, targets=is_list)


def find_canonical_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per meta file, and one per name of the files without a meta file.

    Of a folder the sets are those of its meta files; without any, its split files.
    """
    sets: list[SourceSet] = []
    for source in sources:
        paths = [source]
        if source.is_dir():
            paths = sorted(source.glob(f'*{META}')) or [
                path for path in sorted(source.glob('*.jsonl'))
                if not path.name.endswith(REPORT)]
        if not paths or not paths[0].exists():
            raise FileNotFoundError(f'{source} is not a <name>{META}, a <name>_<split>'
                                    '.jsonl or a folder that holds such files')
        sets += [CanonicalSet(path, options.dataset) for path in paths
                 if path.name.endswith(META)]
        for path in order_by_split(paths, _split_name):
            own = CanonicalSet(path, options.dataset)
            same = [one for one in sets if isinstance(one, CanonicalSet)
                    and not path.name.endswith(META) and one.can_take(own)]
            if same:
                same[0].files.append(path)
            elif not path.name.endswith(META):
                sets.append(own)
    return sets


def _split_name(path: Path) -> str:
    return path.stem.rpartition('_')[2]


class CanonicalSet(SourceSet):
    """The split files that a meta file names, or one file without a meta file."""

    source_box = 'canonical'
    text_field = 'text'
    file_per_split = True

    def __init__(self, path: Path, name: Optional[str]) -> None:
        stem = path.name.removesuffix(META)
        if path.suffix == '.jsonl':
            stem = path.stem.rpartition('_')[0] or path.resolve().parent.name
        super().__init__(name or stem, stem, None, files=[path])
        self._meta_place = Place(path.name)
        self.compared = ReadCounts()  # the sizes known are those of true sentences

    def can_take(self, other: 'CanonicalSet') -> bool:
        """Whether the split file of another set is a further split of this one."""
        return (self.name == other.name and not self.files[0].name.endswith(META)
                and self.files[0].parent == other.files[0].parent
                and other.files[0] not in self.files)

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read the files of all splits and yield the lines that are kept.

        Lines of one image become one line with all their expressions.
        """
        path = self.files[0]
        splits = {_split_name(file): dict(file=file.name) for file in self.files}
        if path.name.endswith(META):
            splits = self._read_meta(path)
            self.files = [path.with_name(facts['file']) for facts in splits.values()]
        ctx = Context(report, options)
        images, collector = ImageChecks(ctx), ExprCollector()
        for number, (split, facts) in enumerate(splits.items()):
            file = path.with_name(facts['file'])
            if not os.path.isfile(file):
                raise AnnotationFileError(file, f'{path.name} names it, but it does '
                                                'not exist')
            parser = _FileParser(self, split, images, collector)
            lines: dict[str, dict] = {}
            with open(file, 'rb') as stream:
                for index, data in enumerate(options.progress(stream, file.name), 1):
                    line = parser.read_line(
                        ctx._replace(place=Place(file.name, f'line:{index}')), data)
                    if line is not None:
                        _join(lines, line)
            yield from lines.values()
            self._compare_counts(ctx, split, facts)
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
        for split in splits:
            try:
                canonical.check_split_name(split)
            except ValueError as error:
                raise AnnotationFileError(path, str(error),
                                          code='split_unknown') from None
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

    def _compare_counts(self, ctx: Context, split: str, facts: dict) -> None:
        found = self.read.splits().get(split, Counts(0, None, 0))
        expected = Counts(*(facts[name] if is_int(facts.get(name)) else None
                            for name in Counts._fields))
        if expected.refs == 0:
            expected = expected._replace(refs=None)
        for name, value in compare_counts(expected, found).items():
            ctx._replace(place=self._meta_place.child(f'splits.{split}.{name}')).note(
                'count_mismatch', value)


def _join(lines: dict[str, dict], line: dict) -> None:
    """Add a line to the lines by image, or to the line that its image has already."""
    first = lines.setdefault(line['image']['id'], line)
    if first is line:
        return
    numbers = {instance['id']: number
               for number, instance in enumerate(first['instances'])}
    order = []
    for instance in line['instances']:
        own_id, times = instance['id'], 0
        while instance['id'] in numbers and (
                first['instances'][numbers[instance['id']]] != instance):
            times += 1
            instance = {**instance, 'id': f'{own_id}#{times}'}
        if instance['id'] not in numbers:
            numbers[instance['id']] = len(first['instances'])
            first['instances'].append(instance)
        order.append(numbers[instance['id']])
    for expr in line['exprs']:
        for part in (expr, *(expr.get('phrases') or ())):
            part['targets'] = sorted({order[i] for i in part['targets']})
    first['exprs'] += line['exprs']


def _is_writable(line: dict) -> bool:
    try:
        json.dumps(line, allow_nan=False)
    except (ValueError, RecursionError):
        return False
    return True


@dataclass
class _Instance:
    """An instance of a line; ``charged`` when its errors were reported."""

    ctx: Context
    record: dict
    errors: Errors
    charged: bool = False


class _FileParser:
    """State of reading one split file."""

    def __init__(self, source: CanonicalSet, split: str, images: ImageChecks,
                 collector: ExprCollector) -> None:
        self.source = source
        self.split = split
        self.images = images
        self.collector = collector
        self.folder = source.files[0].parent
        self.categories = set(source.categories)
        self.refs: set = set()
        self.expr_ids = UniqueIds()

    def read_line(self, ctx: Context, data: bytes) -> Optional[dict]:
        """Check a line; the line to write, or None when nothing of it is kept."""
        try:
            record: Any = parse_json(data)
        except (ValueError, RecursionError) as error:
            ctx.skip([('bad_json_line', str(error))])
            return None
        line, errors = _fields(ctx, record, 'line', LINE_REQUIRED)
        if line.get('split', self.split) != self.split:
            errors.append(('split_mismatch', line['split']))
        errors += _check_version(record)
        ctx.skip(errors)
        if 'image' in line and 'exprs' in line:
            self._count(line)
        if errors:
            return None
        image_id = record['image'].get('id')
        ctx = ctx.with_ids(image_id=image_id if is_text(image_id) else None)
        self.collector.check_leak(ctx, self.split)
        image = self._read_image(ctx, record['image'])
        unique = UniqueIds()
        instances = [self._read_instance(ctx.at(f'.instances[{number}]'), instance,
                                         image, unique)
                     for number, instance in enumerate(record['instances'])]
        if not record['exprs']:
            ctx.note('image_without_expressions')
        exprs = [self._read_expr(ctx.at(f'.exprs[{number}]'), expr, image, instances)
                 for number, expr in enumerate(record['exprs'])]
        for instance in instances:
            if not instance.charged:
                instance.ctx.skip(instance.errors, 'box_dropped')
        kept = [expr for expr in exprs if expr is not None]
        if not kept:
            return None
        line = {**record, 'image': image, **_renumbered(instances, kept)}
        if ODD_NUMBER.search(data) and not _is_writable(line):
            ctx.skip([('bad_type', 'a field holds NaN or an infinite number')])
            return None
        return line

    def _count(self, line: dict) -> None:
        exprs = [expr for expr in line['exprs'] if isinstance(expr, dict)]
        refs = {expr['ref_id'] for expr in exprs
                if is_id(expr.get('ref_id'))} - self.refs
        self.refs |= refs
        false = sum('negative_of' in expr for expr in exprs)
        image_id, total = str(line['image'].get('id')), len(line['exprs'])
        self.source.read.add(self.split, image_id, total, len(refs))
        self.source.compared.add(self.split, image_id, total - false, len(refs))

    def _read_image(self, ctx: Context, record: dict) -> Optional[dict]:
        where = ctx.at('.image')
        image, errors = _fields(where, record, 'image', IMAGE_REQUIRED, IMAGE_OPTIONAL)
        found = None
        if not errors:
            extra = {key: value for key, value in record.items()
                     if key not in IMAGE_OPTIONAL} | image
            found, errors = self.images.find(SourceImage(
                image['id'], with_slashes(image['file']), image['width'],
                image['height'], where.place, image.get('alt', []),
                {key: value for key, value in extra.items()
                 if key not in (*IMAGE_REQUIRED, 'alt')}))
        ctx.skip(errors)
        return None if errors else found

    def _read_instance(self, ctx: Context, record: Any, image: Optional[dict],
                       unique: UniqueIds) -> _Instance:
        source, errors = _fields(ctx, record, 'instance', INSTANCE_REQUIRED,
                                 INSTANCE_OPTIONAL)
        if errors:
            return _Instance(ctx, {'id': source.get('id')}, errors)
        category_id, segm = source.get('category_id'), source.get('segm')
        ann_id = unique.claim(ctx, source['id'])
        if self.categories and category_id is not None and (
                str(category_id) not in self.categories):
            ctx.at('.category_id').note('category_unknown', category_id)
        checked, errors = checked_object(ctx, SourceObject(
            ann_id, source['bbox'], category_id=category_id,
            iscrowd=source.get('iscrowd', 0), area=source.get('area'),
            segm=_source_mask(segm, self.folder), has_mask=segm is not None,
            referred=record.get('ref', True)), image)
        if segm and 'file' in segm and 'segm' in checked:
            checked['segm'] = segm
        if 'iscrowd' not in record:
            del checked['iscrowd']
        kept = {key: value for key, value in record.items()
                if key not in INSTANCE_OPTIONAL}
        return _Instance(ctx, {**kept, **checked}, errors)

    def _read_expr(self, ctx: Context, record: Any, image: Optional[dict],
                   instances: list[_Instance]) -> Optional[dict]:
        expr, errors = _fields(ctx, record, 'expression', EXPR_REQUIRED, EXPR_OPTIONAL)
        ctx = ctx.with_ids(ref_id=expr.get('ref_id'), expr_id=expr.get('id'))
        if 'id' in expr:
            expr['id'] = self.expr_ids.claim(ctx, expr['id'])
        if 'targets' in expr:
            errors += _check_targets(ctx, expr, instances)
        if 'phrases' in expr and 'text' in expr:
            expr['phrases'] = _usable_phrases(ctx, expr, instances, errors)
        targets = [] if errors else expr['targets']
        line, _, _ = ctx.place.at.partition('.')
        scope = (line, expr.get('ref_id', tuple(map(str, expr.get('targets', ())))))
        kept = self.collector.check(FoundExpr(
            ctx, expr, self.split, image, [instances[i].record for i in targets],
            errors, scope))
        if not kept:
            return None
        return {**{key: value for key, value in record.items()
                   if key not in EXPR_OPTIONAL}, **expr}


def _fields(ctx: Context, record: Any, part: str, required: Fields,
            optional: Optional[Fields] = None) -> tuple[dict, Errors]:
    """As ``Context.fields``; for a field of another type the schema says what it wants.

    Args:
        part: the definition of the schema that the record has to meet.
    """
    fields, errors = ctx.fields(record, required, optional or {})
    if not errors or not isinstance(record, dict):
        return fields, errors
    said: dict[str, str] = {}
    for text in violations(record, part):
        if ': got ' in text:
            said.setdefault(re.split(r'[.:\[]', text)[0], text)
    return fields, [
        (code, said.get(str(value).partition(':')[0], value) if code == 'bad_type'
         else value) for code, value in errors]


def _check_version(record: object) -> Errors:
    if not isinstance(record, dict):
        return []
    version = record.get('segvg', canonical.VERSION)
    try:
        canonical.check_version(version, 'line')
    except ValueError:
        return [('version_unknown', version)]
    return []


def _check_targets(ctx: Context, expr: dict, instances: list[_Instance]) -> Errors:
    """Check ``targets``; sorted and unique afterwards."""
    targets = expr['targets']
    wrong = [i for i in targets if not _is_index(i, instances)]
    if wrong:
        return [('dangling_ann', f'{wrong[0]!r} of {len(instances)} instances')]
    expr['targets'] = sorted(set(targets))
    if len(expr['targets']) != len(targets):
        ctx.at('.targets').note('target_duplicate', targets)
    if expr.get('caption'):
        expr['targets'] = [i for i in expr['targets'] if not instances[i].errors]
    errors: Errors = []
    for i in expr['targets']:
        errors += instances[i].errors
        instances[i].charged = True
    return errors


def _usable_phrases(ctx: Context, expr: dict, instances: list[_Instance],
                    errors: Errors) -> list[dict]:
    """The phrases whose spans are in the text."""
    kept = []
    for number, record in enumerate(expr['phrases']):
        where = ctx.at(f'.phrases[{number}]')
        phrase, wrong = _fields(where, record, 'phrase', PHRASE_REQUIRED)
        targets = phrase.get('targets', [])
        if not wrong and not all(_is_index(i, instances) for i in targets):
            wrong = [('dangling_ann', f'phrase {number} has targets {targets}')]
        errors += wrong
        if wrong:
            continue
        spans = usable_spans(where.at('.span'), phrase['span'], len(expr['text']))
        if spans:
            useful = sorted({i for i in targets if not instances[i].errors})
            kept.append({**record, 'span': spans, 'targets': useful})
    return kept


def _is_index(number: object, instances: list[_Instance]) -> bool:
    return is_int(number) and 0 <= number < len(instances)


def _source_mask(segm: Optional[dict], folder: Path) -> object:
    """A canonical mask in the forms that masks have in sources."""
    if not segm:
        return None
    if 'file' in segm:
        inside = is_text(segm['file']) and is_inside(segm['file'])
        return {'file': str(folder / segm['file'])} if inside else None
    return segm.get('poly', segm.get('rle'))


def _renumbered(instances: list[_Instance], exprs: list[dict]) -> dict:
    """Instances without the useless ones, and expressions that point at them."""
    kept = [i for i, instance in enumerate(instances) if not instance.errors]
    places = {i: place for place, i in enumerate(kept)}
    for expr in exprs:
        expr['targets'] = [places[i] for i in expr['targets']]
        for phrase in expr.get('phrases') or ():
            phrase['targets'] = [places[i] for i in phrase['targets']]
    return dict(instances=[instances[i].record for i in kept], exprs=exprs)
