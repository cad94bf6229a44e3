"""Visual Genome: descriptions of image regions."""
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.files.json_stream import iter_json_list
from segvg.annotations.readers import field_checks
from segvg.annotations.readers.base import ReadOptions, SourceObject, SourceSet
from segvg.annotations.readers.expressions import ExprCollector, SourceExpr
from segvg.annotations.readers.field_checks import (
    UniqueNumbers,
    other_fields,
    read_fields,
)
from segvg.annotations.readers.objects import check_object
from segvg.annotations.readers.vg_images import VgImage, VgImages

REGIONS, IMAGES = 'region_descriptions.json', 'image_data.json'
SPLIT = 'all'
RECORD_REQUIRED = dict(id=field_checks.is_int, regions=field_checks.is_list)
REGION_REQUIRED = dict(region_id=field_checks.is_int, x=field_checks.is_number, y=field_checks.is_number,
                       width=field_checks.is_number, height=field_checks.is_number,
                       phrase=field_checks.is_text)
REGION_OPTIONAL = dict(image_id=field_checks.is_int)


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
            collector = reading.later if field_checks.is_int(image_id) and (
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
        if field_checks.is_int(image_id):
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
