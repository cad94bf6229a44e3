"""Checks of annotated objects: box, mask, area; masks in files of their own."""
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Optional, TypeGuard

import numpy as np

from segvg.annotations.checks import Check, Place
from segvg.annotations.files.arrays import load_npy
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.mask_checks import CheckedMask, MaskFinding, check_mask
from segvg.annotations.readers.base import Context, Errors, SourceObject
from segvg.annotations.readers.images import is_inside

BORDER_TOLERANCE = 0.05  # px; sums of COCO numbers are rounded
AREA_TOLERANCE, AREA_TOLERANCE_PIXELS = 0.2, 16
BOX_AGREEMENT, BOX_AGREEMENT_PIXELS = 0.8, 2

Finding = tuple[str, object, Place]


def check_box(bbox: Optional[list[float]], width: float,
              height: float) -> tuple[list[str], list[str]]:
    """Codes of errors that make a box useless, and codes of minor problems.

    Args:
        bbox: xyxy, half-open, not clipped; None when there is none.
        width, height: of the image.
    """
    if bbox is None:
        return [], []
    if not all(map(math.isfinite, bbox)):
        return ['box_not_finite'], []
    x1, y1, x2, y2 = bbox
    errors, notes = [], []
    if x2 <= x1 or y2 <= y1:
        errors.append('box_degenerate')
    if x2 <= 0 or y2 <= 0 or x1 >= width or y1 >= height:
        errors.append('box_outside')
    elif (min(x1, y1) < -BORDER_TOLERANCE or x2 > width + BORDER_TOLERANCE
            or y2 > height + BORDER_TOLERANCE):
        notes.append('box_partly_outside')
    if 0 < x2 - x1 < 1 or 0 < y2 - y1 < 1:
        notes.append('box_thin')
    return errors, notes


def corners(box: Sequence[float], stored: Optional[str] = None) -> list[float]:
    """The half-open corners x1, y1, x2, y2 of a box.

    Args:
        box: as stored.
        stored: ``xywh``, corners (``xyxy``, or ``xyxy-inclusive``: the far one is the
            last pixel inside); None is ``xywh``.
    """
    x, y, w, h = map(float, box)
    if stored in (None, 'xywh'):
        return [x, y, x + w, y + h]
    last = float(stored == 'xyxy-inclusive')
    return [x, y, w + last, h + last]


def checked_object(ctx: Context, source: SourceObject,
                   image: Optional[dict]) -> tuple[dict, Errors]:
    """The canonical instance of an object, and what makes it useless.

    Minor problems are reported here, at the object. What makes it useless is for the
    caller to report, at the records that are skipped for it.

    Args:
        ctx: that of the object.
        source: the object.
        image: of its group line; None, when it cannot be made, looks neither for the
            border nor at the mask.
    """
    width, height = (image['width'], image['height']) if image else (math.inf, math.inf)
    codes, notes = check_box(source.bbox, width, height)
    errors: Errors = [(code, source.bbox) for code in codes]
    if image is not None and _is_finite(source.bbox):
        ctx.report.boxes.add(source.bbox, width, height)
    mask, findings = _check_mask(ctx, source, image, errors)
    if source.bbox is None and mask.segm is None:
        errors.append(('box_missing', 'neither box nor mask'))
    if ctx.is_fast:
        findings += [(code, source.bbox, ctx.place) for code in notes]
        findings += [(code, value, _place_of_both(source, ctx.place) if (
            code == 'mask_box_disagree') else ctx.place)
            for code, value in _compare(source, mask, width, height)]
    for code, value, place in findings:
        ctx._replace(place=place).note(code, value)
    return _instance(source, mask), errors


def _check_mask(ctx: Context, source: SourceObject, image: Optional[dict],
                errors: Errors) -> tuple[CheckedMask, list[Finding]]:
    """The mask, and what to report of it; what is needed and missing is an error."""
    need_mask = ctx.options.need_mask
    if not source.has_mask or image is None:
        if need_mask:
            errors.append(('mask_missing', 'the format has no masks'))
        return CheckedMask(None), []
    mask = check_mask(source.segm, image['height'], image['width'],
                      ctx.options.check >= Check.FULL)
    if need_mask and mask.segm is None:
        errors += [(finding.code, finding.value) for finding in mask.findings]
        return mask, []
    whole = source.mask_place or ctx.place
    part = source.mask_place or ctx.place.child('.segmentation')
    return mask, [(finding.code, finding.value, part.child(finding.part) if (
        finding.part) else whole) for finding in mask.findings]


def _place_of_both(source: SourceObject, place: Place) -> Place:
    """The smallest place that holds box and mask; the mask's if it has its own file."""
    if source.mask_place is None or source.mask_place.file != place.file:
        return source.mask_place or place
    common = os.path.commonprefix([place.at, source.mask_place.at])
    return Place(place.file, common.rstrip('.'))


def _instance(source: SourceObject, mask: CheckedMask) -> dict:
    optional = dict(category_id=source.category_id, iscrowd=source.iscrowd,
                    area=source.area, segm=mask.segm)
    return dict(id=source.id, bbox=source.bbox, **{
        key: value for key, value in optional.items() if value is not None})


def _compare(source: SourceObject, mask: CheckedMask, width: float,
             height: float) -> Errors:
    """Compare box, mask and area with each other."""
    findings: Errors = []
    bbox = source.bbox
    if source.iscrowd and source.referred:
        findings.append(('iscrowd_target', source.id))
    size: Optional[float] = mask.area
    if mask.segm is None and _is_finite(bbox):
        w, h = source.size or (bbox[2] - bbox[0], bbox[3] - bbox[1])
        size = w * h
    if source.area is not None and size is not None:
        off = abs(source.area - size)
        larger = max(abs(source.area), abs(size))
        if off > AREA_TOLERANCE * larger and off > AREA_TOLERANCE_PIXELS:
            findings.append(('area_mismatch', f'{source.area} against {size}'))
    if mask.bounds and _is_finite(bbox) and not _boxes_agree(
            bbox, mask.bounds, width, height):
        findings.append(('mask_box_disagree',
                         f'mask {list(mask.bounds)} against box {bbox}'))
    return findings


def _is_finite(bbox: Optional[list[float]]) -> TypeGuard[list[float]]:
    return bbox is not None and all(map(math.isfinite, bbox))


def _boxes_agree(bbox: list[float], bounds: tuple[int, int, int, int], width: float,
                 height: float) -> bool:
    box = [min(max(value, 0), limit) for value, limit in zip(
        bbox, (width, height, width, height), strict=True)]
    if max(abs(a - b) for a, b in zip(box, bounds, strict=True)) <= (
            BOX_AGREEMENT_PIXELS):
        return True
    w = min(box[2], bounds[2]) - max(box[0], bounds[0])
    h = min(box[3], bounds[3]) - max(box[1], bounds[1])
    overlap = max(w, 0) * max(h, 0)
    union = _area(box) + _area(bounds) - overlap
    return union > 0 and overlap / union >= BOX_AGREEMENT


def _area(box: Sequence[float]) -> float:
    return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)


class ArrayMasks:
    """The masks of a folder: a file each, ``.npy`` or ``.mat``, with an array.

    What is wrong with a file is found once.

    Args:
        ctx: takes the finding that the folder is missing.
        folder: where the files are. If it does not exist, there is one finding; but if
            objects without a mask are skipped, there is a finding for each row.
        root: of the source, for the places of findings.
        load: reads a file: an array (H, W) that is not 0 in the object.
    """

    def __init__(self, ctx: Context, folder: Path, root: Path, *,
                 load: Callable[[Path], np.ndarray] = load_npy) -> None:
        self._need_mask = ctx.options.need_mask
        self._folder = folder
        self._root = root
        self._load = load
        self._is_missed = False
        self._checked: dict[tuple, CheckedMask] = {}

    def check(self, ctx: Context, name: str,
              image: dict) -> tuple[CheckedMask, Optional[Place]]:
        """The mask of a file, and its place; None when the file does not exist.

        Args:
            ctx: of the row that names the file.
            name: of the file.
            image: of the group line.
        """
        if not self._folder.is_dir() and not self._need_mask:
            if not self._is_missed:
                ctx._replace(place=Place(ctx.place.file), ids={}).note(
                    'mask_missing', f'folder {self._folder} does not exist')
            self._is_missed = True
            return CheckedMask(None), None
        path = self._folder / name
        if not (is_inside(name) and os.path.isfile(path)
                and self._folder.resolve() in path.resolve().parents):
            return CheckedMask(None, (MaskFinding('mask_missing', name),)), None
        where = Place(Path(os.path.relpath(path, self._root)).as_posix())
        key = (name, image['width'], image['height'])
        if key in self._checked:
            again = self._checked[key]
            return again if self._need_mask else again._replace(
                findings=(), bounds=None), where
        self._checked[key] = self._check_file(path, image)
        return self._checked[key], where

    def _check_file(self, path: Path, image: dict) -> CheckedMask:
        try:
            return check_mask(self._load(path), image['height'], image['width'],
                              decode=True)
        except AnnotationFileError as error:
            return CheckedMask(None, (MaskFinding(error.code, error.reason),))
