"""Checks of annotated objects: box, mask, area."""
import math
import os
from typing import Optional

from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.mask_checks import CheckedMask, check_mask
from segvg.annotations.readers.base import ReadOptions, SourceObject

BORDER_TOLERANCE = 0.05  # px; sums of COCO numbers are rounded
AREA_TOLERANCE, AREA_TOLERANCE_PIXELS = 0.2, 16
BOX_AGREEMENT, BOX_AGREEMENT_PIXELS = 0.8, 2

Errors = list[tuple[str, object]]


def check_box(bbox: Optional[list[float]], width: int,
              height: int) -> tuple[list, list]:
    """Codes of a box that make it useless, and codes of what is only odd.

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


def check_object(source: SourceObject, width: int, height: int, report: Report,
                 options: ReadOptions, **ids: object) -> tuple[dict, Errors]:
    """The canonical instance of an object, and what makes it useless.

    What is only odd is reported at the object. What makes it useless is a list of
    (code, value), which the caller reports at the records that it costs.

    Args:
        source: the object.
        width, height: size of its image.
        report: takes the findings.
        options: how much to check.
        ids: ``image_id``, ``ref_id`` for the report.
    """
    errors, notes = check_box(source.bbox, width, height)
    errors = [(code, source.bbox) for code in errors]
    mask = CheckedMask(None)
    if source.has_mask:
        mask = check_mask(source.segm, height, width, options.check >= Check.FULL)
    elif options.need_mask:
        errors.append(('mask_missing', 'the format has no masks'))
    if source.bbox is None and mask.segm is None:
        errors.append(('box_missing', 'neither box nor mask'))
    mask_place = source.mask_place or source.place.child('.segmentation')
    findings = []  # what changes the mask is reported at every level
    for finding in mask.findings:
        if options.need_mask and mask.segm is None:
            errors.append((finding.code, finding.value))
        else:
            whole = source.mask_place or source.place
            findings.append((finding.code, finding.value, mask_place.child(
                finding.part) if finding.part else whole))
    if options.check >= Check.FAST:
        findings += [(code, source.bbox, source.place) for code in notes]
        findings += [(code, value, _place_of_both(source) if (
            code == 'mask_box_disagree') else source.place)
            for code, value in _compare(source, mask, width, height)]
    for code, value, place in findings:
        report.add(code, place, value=value, **ids)
    return _instance(source, mask), errors


def _place_of_both(source: SourceObject) -> Place:
    """The smallest place that holds box and mask; the mask's if it has its own file."""
    if source.mask_place is None or source.mask_place.file != source.place.file:
        return source.mask_place or source.place
    common = os.path.commonprefix([source.place.at, source.mask_place.at])
    return Place(source.place.file, common.rstrip('.'))


def _instance(source: SourceObject, mask: CheckedMask) -> dict:
    optional = dict(category_id=source.category_id, iscrowd=source.iscrowd,
                    area=source.area, segm=mask.segm)
    return dict(id=source.id, bbox=source.bbox, **{
        key: value for key, value in optional.items() if value is not None})


def _compare(source: SourceObject, mask: CheckedMask, width: int,
             height: int) -> Errors:
    """Compare box, mask and area with each other."""
    findings = []
    if source.iscrowd and source.referred:
        findings.append(('iscrowd_target', source.id))
    size = mask.area
    if mask.segm is None and _is_finite(source.bbox):
        w, h = source.size or (source.bbox[2] - source.bbox[0],
                               source.bbox[3] - source.bbox[1])
        size = w * h
    if source.area is not None and size is not None:
        off = abs(source.area - size)
        larger = max(abs(source.area), abs(size))
        if off > AREA_TOLERANCE * larger and off > AREA_TOLERANCE_PIXELS:
            findings.append(('area_mismatch', f'{source.area} against {size}'))
    if mask.bounds and _is_finite(source.bbox) and not _boxes_agree(
            source.bbox, mask.bounds, width, height):
        findings.append(('mask_box_disagree',
                         f'mask {list(mask.bounds)} against box {source.bbox}'))
    return findings


def _is_finite(bbox: Optional[list[float]]) -> bool:
    return bbox is not None and all(map(math.isfinite, bbox))


def _boxes_agree(bbox: list[float], bounds: tuple[int, int, int, int], width: int,
                 height: int) -> bool:
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


def _area(box) -> float:
    return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)
