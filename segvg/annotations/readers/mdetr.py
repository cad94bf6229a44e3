"""MDETR annotations: COCO's shape with one image entry per expression."""
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Optional

from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.official_counts import OFFICIAL_COUNTS
from segvg.annotations.readers import field_checks
from segvg.annotations.readers.base import ReadOptions, SourceSet
from segvg.annotations.readers.coco_instances import category_names, load_coco_lists
from segvg.annotations.readers.expressions import ExprCollector, SourceExpr
from segvg.annotations.readers.field_checks import UniqueIds, other_fields, read_fields
from segvg.annotations.readers.images import ImageChecks, image_number, image_of
from segvg.annotations.readers.mdetr_targets import Entry, Flavour, TargetParser
from segvg.annotations.readers.splits import order_by_split, split_of_name

SINGLE_TARGET = ('refcoco', 'refcoco+', 'refcocog')
BOXES = {False: 'MDETR: x, y, w, h, 0-based',
         True: 'MDETR: x, y, w, h of inclusive corners from 1 on'}
NAME = r'(?P<set>{sets})_(?P<split>[^_]+){end}\.json'
# FORMAT of tools/prepare_data.py -> names of its files, and how those are read
FLAVOURS = dict(
    mdetr_refexp=Flavour('finetune_<set>_<split>.json',
                         NAME.format(sets='finetune_(?!grefcoco_).+', end='')),
    mdetr_grefcoco=Flavour('finetune_grefcoco_<split>.json',
                           NAME.format(sets='finetune_grefcoco', end='')),
    mdetr_flickr=Flavour('final_flickr_<boxes>_<split>.json',
                         NAME.format(sets='final_flickr(_[^_]+)?', end=''),
                         captions=True, one_based=True, namespace='flickr30k'),
    mdetr_mixed=Flavour('final_mixed_<split>.json or final_refexp_<split>.json',
                        NAME.format(sets='final_(mixed|refexp)',
                                    end='(?P<end>_no_coco)?'), captions=True))


def _is_pixels(value: object) -> bool:
    """Whether a value is a size; Flickr files have it as text."""
    if isinstance(value, str) and re.fullmatch('[0-9]{1,9}', value):
        value = int(value)
    return field_checks.is_size(value)


ENTRY_REQUIRED = dict(id=field_checks.is_int, file_name=field_checks.is_text, height=_is_pixels,
                      width=_is_pixels, caption=field_checks.is_text)
ENTRY_OPTIONAL = dict(original_id=field_checks.is_int, original_img_id=field_checks.is_int)
EVALUATED = 'tokens_positive_eval'


class NamedFile(NamedTuple):
    """A file and what its name says."""

    path: Path
    dataset: str
    split: str


def find_mdetr_sets(format_name: str, sources: list[Path],
                    options: ReadOptions) -> list[SourceSet]:
    """One set per data set named by files of a folder, or by the files given."""
    flavour, groups = FLAVOURS[format_name], {}
    for source in sources:
        if not source.exists():
            raise FileNotFoundError(f'there is no file or folder {source}')
        folder = source.is_dir()
        found = [_parse_name(path, flavour.pattern, any_name=not folder)
                 for path in (sorted(source.glob('*.json')) if folder else [source])]
        for file in filter(None, found):
            groups.setdefault((file.dataset, file.path.parent), []).append(file)
    if not groups:
        raise FileNotFoundError(f'no file named {flavour.files} in '
                                f'{", ".join(map(str, sources))}')
    return [MdetrSet(dataset, flavour, files, name=options.dataset)
            for (dataset, _), files in groups.items()]


def _parse_name(path: Path, pattern: str, any_name: bool) -> Optional[NamedFile]:
    match = re.fullmatch(pattern, path.name)
    if match:
        dataset = re.sub('^(finetune|final)_', '', match['set'])
        end = match.groupdict().get('end') or ''
        return NamedFile(path, dataset + end, match['split'])
    if not any_name:
        return None
    dataset, _, split = path.stem.rpartition('_')
    return NamedFile(path, dataset, split)


class MdetrSet(SourceSet):
    """The split files of one data set."""

    text_field = 'caption'
    file_per_split = True

    def __init__(self, dataset: str, flavour: Flavour, files: list[NamedFile], *,
                 name: Optional[str]) -> None:
        files = order_by_split(files, lambda file: file.split)
        super().__init__(name or f'mdetr_{dataset.replace("+", "_plus")}', dataset,
                         None, files=[file.path for file in files])
        self.flavour = flavour
        self.source_box = BOXES[flavour.one_based]
        self._splits = [file.split for file in files]

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read the files of all splits and yield group lines."""
        images, collector = ImageChecks(report, options), ExprCollector(report, options)
        known = OFFICIAL_COUNTS.get(self.name)
        for number, path in enumerate(self.files):
            split = split_of_name(self._splits[number], known, report, Place(path.name))
            if split is None:
                continue
            content = load_coco_lists(path)
            reading = _Parser(self, split, number, content, images=images,
                               collector=collector, report=report, options=options)
            for index, record in enumerate(options.progress(content['images'],
                                                            path.name)):
                reading.read_entry(index, record)
        self.image_dirs = images.dirs
        yield from collector.grouper.lines()


class _Parser:
    """State of reading one file."""

    def __init__(self, source: MdetrSet, split: str, number: int, content: dict, *,
                 images: ImageChecks, collector: ExprCollector, report: Report,
                 options: ReadOptions) -> None:
        self.source = source
        self.split = split
        self.file_number = number
        self.place = Place(source.files[number].name)
        self.images = images
        self.collector = collector
        self.report = report
        self.options = options
        self.entry_ids = UniqueIds()
        categories = category_names(content)
        if list(categories.values()) != ['object']:
            source.categories.update(categories)
        self.targets = TargetParser(content, categories, self.place, source.flavour,
                                     report=report, options=options)
        self.required, self.optional = dict(ENTRY_REQUIRED), dict(ENTRY_OPTIONAL)
        if source.flavour.one_based:
            self.required[EVALUATED] = field_checks.is_list

    def read_entry(self, number: int, record: object) -> None:
        """Check an entry with its annotations, and collect it when it is kept."""
        place = self.place.child(f'images[{number}]')
        fields_, errors = read_fields(record, self.required, self.optional,
                                      self.report, place)
        ids = dict(image_id=None, expr_id=fields_.get('id'))
        image = self._read_image(fields_, errors, place, ids)
        self.source.read.add(self.split, ids['image_id'])
        entry = Entry(fields_.get('id'), fields_.get('caption'), place,
                      fields_.get(EVALUATED), ids)
        found = self.targets.read(entry, image)
        self._check_count(found, entry)
        expr = {}
        if entry.text is not None and entry.id is not None:
            entry_id, again = self.entry_ids.take(entry.id)
            if again:
                self.report.add('id_duplicate', place, value=entry.id, **ids)
            expr = dict(id=entry_id, text=entry.text, phrases=found.phrases,
                        src=[self.file_number, number])
            if self.source.flavour.captions:
                expr['caption'] = True
            extra = other_fields(record, self.required, self.optional)
            if extra:
                expr['extra'] = extra
        self.collector.add(SourceExpr(
            expr, self.split, image, found.instances, errors + found.errors, place,
            (ids['image_id'], found.boxes), ids, found.keys))

    def _read_image(self, entry: dict, errors: list, place: Place,
                    ids: dict) -> Optional[dict]:
        if not {'file_name', 'width', 'height'} <= entry.keys():
            return None
        file, number = entry['file_name'], entry.get(
            'original_img_id', entry.get('original_id'))
        source = image_of(file, (int(entry['width']), int(entry['height'])), place,
                          namespace=self.source.flavour.namespace,
                          number=None if number == -1 else number)
        ids['image_id'] = source.id
        if self.options.check >= Check.FAST and number not in (None, -1) and (
                image_number(file) not in (None, number)):
            self.report.add('file_name_mismatch', place.child('.file_name'),
                            value=f'{file} for image {number}', **ids)
        image, missing = self.images.check(source)
        errors += [('image_missing', missing)] if missing else []
        return image

    def _check_count(self, found, entry: Entry) -> None:
        if self.options.check >= Check.FAST and found.count > 1 and (
                self.source.dataset in SINGLE_TARGET):
            self.report.add('target_count', entry.place, value=found.count, **entry.ids)
