"""Lists of Visual Genome images: ``image_data*.json``."""
import re
from pathlib import Path
from typing import NamedTuple, Optional

from segvg.annotations.checks import Place, Report
from segvg.annotations.files.pickles import AnnotationFileError, load_json
from segvg.annotations.readers import field_checks
from segvg.annotations.readers.base import ReadOptions, SourceImage
from segvg.annotations.readers.field_checks import read_fields
from segvg.annotations.readers.images import ImageChecks
from segvg.annotations.readers.objects import Errors

FOLDER = re.compile(r'.*/(VG_100K(?:_2)?/[^/?]+)')  # the url alone tells the folder


def _is_int_or_none(value: object) -> bool:
    return value is None or field_checks.is_int(value)


REQUIRED = dict(image_id=field_checks.is_int, width=field_checks.is_size, height=field_checks.is_size)
OPTIONAL = dict(coco_id=_is_int_or_none, flickr_id=_is_int_or_none, url=field_checks.is_text,
                split=field_checks.is_text)


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
            if field_checks.is_int(image_id):
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
