"""Visual Genome: descriptions of image regions."""
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Optional

from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.files.json_stream import iter_json_list
from segvg.annotations.files.pickles import AnnotationFileError, load_json
from segvg.annotations.readers.base import (
    ReadOptions,
    SourceImage,
    SourceObject,
    SourceSet,
)
from segvg.annotations.readers.expressions import ExprCollector, SourceExpr
from segvg.annotations.readers.field_checks import (
    UniqueNumbers,
    is_int,
    is_list,
    is_number,
    is_size,
    is_text,
    other_fields,
    read_fields,
)
from segvg.annotations.readers.images import ImageChecks
from segvg.annotations.readers.objects import Errors, check_object

FOLDER = re.compile(r'.*/(VG_100K(?:_2)?/[^/?]+)')  # the url alone tells the folder


def _is_int_or_none(value: object) -> bool:
    return value is None or is_int(value)


REQUIRED = dict(image_id=is_int, width=is_size, height=is_size)
OPTIONAL = dict(coco_id=_is_int_or_none, flickr_id=_is_int_or_none, url=is_text,
                split=is_text)


class VgImage(NamedTuple):
    """An image; ``record`` is that of a group line, None when it cannot be made."""

    record: Optional[dict]
    split: Optional[str]
    errors: Errors


class VgImages:
    """Looks up images by id, and checks each when it is first asked for.

    Args:
        path: the file, a list of images.
        report: takes the findings that cost nothing.
        options: how much to check.
    """

    def __init__(self, path: Path, *, report: Report, options: ReadOptions) -> None:
        records = load_json(path)
        if not isinstance(records, list):
            raise AnnotationFileError(path, 'expected a list of images, got '
                                      f'{type(records).__name__}', code='bad_type')
        self._file = path.name
        self._records = records
        self._report = report
        self._checks = ImageChecks(report, options)
        self._numbers: dict[int, list[int]] = {}
        for number, record in enumerate(records):
            image_id = record.get('image_id') if isinstance(record, dict) else None
            if is_int(image_id):
                self._numbers.setdefault(image_id, []).append(number)
        self._images: dict[int, VgImage] = {}

    @property
    def image_dirs(self) -> list[str]:
        """Folders in which images were found."""
        return self._checks.dirs

    def get(self, image_id: int) -> Optional[VgImage]:
        """An image by its id, or None when there is no such image."""
        if image_id not in self._numbers:
            return None
        if image_id not in self._images:
            self._images[image_id] = self._check(image_id)
        return self._images[image_id]

    def _check(self, image_id: int) -> VgImage:
        first, *others = self._numbers[image_id]
        for number in others:
            self._report.add('id_duplicate', Place(self._file, f'[{number}]'),
                             value=image_id, image_id=f'vg:{image_id}')
        place = Place(self._file, f'[{first}]')
        image, errors = read_fields(self._records[first], REQUIRED, OPTIONAL,
                                    self._report, place, image_id=f'vg:{image_id}')
        self._records[first] = None  # once is enough
        if errors:
            return VgImage(None, image.get('split'), errors)
        match = FOLDER.match(image.get('url', ''))
        # null says "not in COCO", which is more than not to say anything
        extra = {key: image[key] for key in ('coco_id', 'flickr_id')
                 if key in image and (key == 'coco_id' or image[key] is not None)}
        record, missing = self._checks.check(SourceImage(
            f'vg:{image_id}', f'{image_id}.jpg', image['width'], image['height'], place,
            [match[1]] if match else [],
            extra))
        return VgImage(record, image.get('split'),
                       [('image_missing', missing)] if missing else [])


REGIONS, IMAGES = 'region_descriptions.json', 'image_data.json'
SPLIT = 'all'
RECORD_REQUIRED = dict(id=is_int, regions=is_list)
REGION_REQUIRED = dict(region_id=is_int, x=is_number, y=is_number,
                       width=is_number, height=is_number,
                       phrase=is_text)
REGION_OPTIONAL = dict(image_id=is_int)


def find_vg_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per folder that holds the regions and the list of images."""
    for source in sources:
        missing = [name for name in (REGIONS, IMAGES) if not (source / name).is_file()]
        if missing:
            raise FileNotFoundError(f'there is no {" and no ".join(missing)} in '
                                    f'{source}')
    return [VgRegionsSet(source, options.dataset) for source in sources]


class VgRegionsSet(SourceSet):
    """All regions; every image is read, checked and let go by itself."""

    source_box = 'Visual Genome: x, y, w, h, 0-based'
    text_field = 'phrase'
    file_per_split = False

    def __init__(self, root: Path, name: Optional[str]) -> None:
        super().__init__(name or 'vg_regions', 'vg_regions', None,
                         files=[root / REGIONS, root / IMAGES])

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read both files and yield group lines.

        An image that is listed twice has one line, which is the last thing made.
        """
        path = self.files[0]
        images = VgImages(self.files[1], report=report, options=options)
        reading = _Parser(self, images, report=report, options=options)
        repeated = _repeated_ids(path)
        for number, record in enumerate(options.progress(iter_json_list(path),
                                                         path.name)):
            image_id = record.get('id') if isinstance(record, dict) else None
            collector = reading.later if is_int(image_id) and (
                image_id in repeated) else ExprCollector(report, options)
            reading.read_image(number, record, collector)
            if collector is not reading.later:
                yield from collector.grouper.lines()
        self.image_dirs = images.image_dirs
        yield from reading.later.grouper.lines()


def _repeated_ids(path: Path) -> set[int]:
    """Ids of images that have more than one record; takes a pass over the file."""
    seen, repeated = set(), set()
    for record in iter_json_list(path):
        image_id = record.get('id') if isinstance(record, dict) else None
        if is_int(image_id):
            (repeated if image_id in seen else seen).add(image_id)
    return repeated


class _Parser:
    """State of reading the regions file."""

    def __init__(self, source: VgRegionsSet, images: VgImages, *, report: Report,
                 options: ReadOptions) -> None:
        self.source = source
        self.images = images
        self.report = report
        self.options = options
        self.later = ExprCollector(report, options)
        self.image_ids, self.region_ids = UniqueNumbers(), UniqueNumbers()

    def read_image(self, number: int, record: object, collector: ExprCollector) -> None:
        """Check an image and its regions, and collect those that are kept."""
        place = Place(REGIONS, f'[{number}]')
        known, errors = read_fields(record, RECORD_REQUIRED, {}, self.report, place)
        ids, image = dict(image_id=None), None
        if 'id' in known:
            ids['image_id'] = f'vg:{known["id"]}'
            image = self.images.get(known['id'])
            errors += image.errors if image else [('dangling_image', known['id'])]
            _, again = self.image_ids.take(known['id'])
            if again:
                self.report.add('id_duplicate', place, value=known['id'], **ids)
        for code, value in errors:
            self.report.add(code, place, 'skip', value=value, **ids)
        regions = known.get('regions', [])
        self.source.read.add(SPLIT, ids['image_id'], len(regions), len(regions))
        if not regions and 'regions' in known and self.options.check >= Check.FAST:
            self.report.add('image_without_expressions', place, **ids)
        for index, region in enumerate(regions):
            self._read_region(region, known.get('id'), None if errors else image,
                              place.child(f'.regions[{index}]'), collector,
                              [0, number])

    def _read_region(self, record: object, image_id: Optional[int],
                     image: Optional[VgImage], place: Place, collector: ExprCollector,
                     src: list[int]) -> None:
        region, errors = read_fields(record, REGION_REQUIRED, REGION_OPTIONAL,
                                     self.report, place)
        region_id, again = self.region_ids.take(region.get('region_id'))
        ids = dict(image_id=f'vg:{image_id}', ref_id=region_id, expr_id=region_id)
        if again and 'region_id' in region:
            for code in ('ref_id_duplicate', 'id_duplicate'):
                self.report.add(code, place, value=region['region_id'], **ids)
        if region.get('image_id', image_id) != image_id:
            errors.append(('ann_image_mismatch',
                           f'a region of image {region["image_id"]}'))
        image = image.record if image else None
        expr, instances = dict(id=region_id, ref_id=region_id, src=src), []
        if {'x', 'y', 'width', 'height'} <= region.keys():
            x, y, w, h = (float(region[key]) for key in ('x', 'y', 'width', 'height'))
            size = (image['width'], image['height']) if image else (math.inf, math.inf)
            instance, more = check_object(
                SourceObject(region_id, [x, y, x + w, y + h], place, has_mask=False),
                *size, self.report, self.options, **ids)
            errors += more
            instances.append(instance)
        if 'phrase' in region:
            expr['text'] = region['phrase']
        if isinstance(record, dict) and len(record) > len(region):
            expr['extra'] = other_fields(record, REGION_REQUIRED, REGION_OPTIONAL)
        collector.add(SourceExpr(expr, SPLIT, image, instances, errors, place,
                                 region_id, ids))
