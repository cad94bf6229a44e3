"""Visual Genome: its list of images, and descriptions of image regions."""
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Optional

from segvg.annotations.checks import Place, Report
from segvg.annotations.files.json_stream import iter_json_list
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
    as_said,
    is_int,
    is_list,
    is_number,
    is_size,
    is_text,
    or_none,
    other_fields,
)
from segvg.annotations.readers.ids import UniqueNumbers
from segvg.annotations.readers.images import ImageChecks, numbered_id
from segvg.annotations.readers.objects import checked_object, corners
from segvg.annotations.readers.source_files import load_as

REGIONS, IMAGES = 'region_descriptions.json', 'image_data.json'
SPLIT = 'all'
FOLDER = re.compile(r'.*/(VG_100K(?:_2)?/[^/?]+)')  # only the url says the folder


IMAGE_REQUIRED = Fields(image_id=is_int, width=is_size, height=is_size)
IMAGE_OPTIONAL = Fields(coco_id=or_none(is_int), flickr_id=or_none(is_int), url=is_text,
                        split=is_text)
RECORD_REQUIRED = Fields(id=is_int, regions=is_list)
REGION_REQUIRED = Fields(region_id=is_int, x=is_number, y=is_number, width=is_number,
                         height=is_number, phrase=is_text)
REGION_OPTIONAL = Fields(image_id=is_int)


class VgImage(NamedTuple):
    """An image; ``record`` is that of a group line, None when it cannot be made."""

    record: Optional[dict]
    split: Optional[str]
    errors: Errors


class VgImages:
    """Looks up images by id, and checks each when it is first asked for.

    Args:
        ctx: how to read; takes the findings that cost nothing.
        path: the file, a list of images.
    """

    def __init__(self, ctx: Context, path: Path) -> None:
        self._ctx = ctx._replace(place=Place(path.name))
        self._records: list = load_as(list, path, 'images')
        self._checks = ImageChecks(ctx)
        self._numbers: dict[int, list[int]] = {}
        for number, record in enumerate(self._records):
            image_id = _id_of(record, 'image_id')
            if image_id is not None:
                self._numbers.setdefault(image_id, []).append(number)
        self._images: dict[int, VgImage] = {}

    @property
    def image_dirs(self) -> list[str]:
        """Folders in which images were found."""
        return self._checks.dirs

    def image_id(self, number: int) -> str:
        """The id of an image in group lines."""
        return numbered_id(number, 'vg', self._ctx.options.images_are)

    def get(self, image_id: int) -> VgImage:
        """An image by its id; what is wrong with it is in its errors."""
        if image_id not in self._numbers:
            return VgImage(None, None, [('dangling_image', image_id)])
        if image_id not in self._images:
            self._images[image_id] = self._check(image_id)
        return self._images[image_id]

    def _check(self, image_id: int) -> VgImage:
        own_id = self.image_id(image_id)
        ctx = self._ctx.with_ids(image_id=own_id)
        first, *others = self._numbers[image_id]
        for number in others:
            ctx.at(f'[{number}]').note('id_duplicate', image_id)
        ctx = ctx.at(f'[{first}]')
        image, errors = ctx.fields(self._records[first], IMAGE_REQUIRED, IMAGE_OPTIONAL)
        self._records[first] = None  # once is enough
        if errors:
            return VgImage(None, image.get('split'), errors)
        match = FOLDER.match(image.get('url', ''))
        # null means "not in COCO"; without the field that is not known
        extra = {key: image[key] for key in ('coco_id', 'flickr_id')
                 if key in image and (key == 'coco_id' or image[key] is not None)}
        record, errors = self._checks.find(SourceImage(
            own_id, f'{image_id}.jpg', image['width'], image['height'],
            ctx.place, [match[1]] if match else [], extra))
        return VgImage(record, image.get('split'), errors)


def _id_of(record: object, name: str) -> Optional[int]:
    """The integer that a record has for an id, if it has one."""
    value = record.get(name) if isinstance(record, dict) else None
    value = as_said(value, is_int)
    return value if is_int(value) else None


def find_vg_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per folder that holds the regions and the list of images."""
    for source in sources:
        missing = [name for name in (REGIONS, IMAGES) if not (source / name).is_file()]
        if missing:
            raise FileNotFoundError(f'{source} has no {" and no ".join(missing)}')
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

        The lines of images that are listed more than once come last.
        """
        path, ctx = self.files[0], Context(report, options, Place(REGIONS))
        images = VgImages(ctx, self.files[1])
        parser, later = _Parser(self, images), ExprCollector()
        repeated = _repeated_ids(path)
        records = options.progress(iter_json_list(path), path.name)
        for number, record in enumerate(records):
            is_repeated = _id_of(record, 'id') in repeated
            collector = later if is_repeated else ExprCollector()
            parser.read_image(ctx.at(f'[{number}]'), number, record, collector)
            if not is_repeated:
                yield from collector.lines()
        self.image_dirs = images.image_dirs
        yield from later.lines()


def _repeated_ids(path: Path) -> set[Optional[int]]:
    """Ids of images that have more than one record; takes a pass over the file."""
    seen: set[Optional[int]] = {None}
    repeated: set[Optional[int]] = set()
    for record in iter_json_list(path):
        image_id = _id_of(record, 'id')
        (repeated if image_id in seen else seen).add(image_id)
    return repeated - {None}


class _Parser:
    """State of reading the regions file."""

    def __init__(self, source: VgRegionsSet, images: VgImages) -> None:
        self.source = source
        self.images = images
        self.image_ids, self.region_ids = UniqueNumbers(), UniqueNumbers()

    def read_image(self, ctx: Context, number: int, record: object,
                   collector: ExprCollector) -> None:
        """Check an image and its regions, and collect those that are kept."""
        known, errors = ctx.fields(record, RECORD_REQUIRED)
        image = None
        if 'id' in known:
            ctx = ctx.with_ids(image_id=self.images.image_id(known['id']))
            found = self.images.get(known['id'])
            errors += found.errors
            image = None if errors else found.record
            self.image_ids.claim(ctx, known['id'])
        ctx.skip(errors)
        regions = known.get('regions', [])
        self.source.read.add(SPLIT, ctx.ids.get('image_id'), len(regions), len(regions))
        if not regions and 'regions' in known and ctx.is_fast:
            ctx.note('image_without_expressions')
        for index, region in enumerate(regions):
            collector.add(self._read_region(
                ctx.at(f'.regions[{index}]'), region, known.get('id'), image,
                [0, number]))

    def _read_region(self, ctx: Context, record: object, image_id: Optional[int],
                     image: Optional[dict], src: list[int]) -> FoundExpr:
        region, errors = ctx.fields(record, REGION_REQUIRED, REGION_OPTIONAL)
        region_id, again = self.region_ids.take(region.get('region_id'))
        ctx = ctx.with_ids(ref_id=region_id, expr_id=region_id)
        if again and 'region_id' in region:
            for code in ('ref_id_duplicate', 'id_duplicate'):
                ctx.note(code, region['region_id'])
        if region.get('image_id', image_id) != image_id:
            errors.append(('ann_image_mismatch',
                           f'a region of image {region["image_id"]}'))
        instances = []
        if {'x', 'y', 'width', 'height'} <= region.keys():
            box = [region[name] for name in ('x', 'y', 'width', 'height')]
            instance, wrong = checked_object(
                ctx, SourceObject(region_id, corners(box), has_mask=False), image)
            errors += wrong
            instances.append(instance)
        expr = dict(id=region_id, ref_id=region_id, src=src)
        if 'phrase' in region:
            expr['text'] = region['phrase']
        if isinstance(record, dict) and len(record) > len(region):
            expr['extra'] = other_fields(record, REGION_REQUIRED, REGION_OPTIONAL)
        return FoundExpr(ctx, expr, SPLIT, image, instances, errors, scope=region_id)
