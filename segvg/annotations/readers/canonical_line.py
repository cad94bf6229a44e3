"""Checks of one group line of the canonical form."""
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.readers.base import ReadOptions, SourceImage, SourceObject
from segvg.annotations.readers.field_checks import (
    UniqueIds,
    is_box,
    is_finite,
    is_flag,
    is_id,
    is_int,
    is_list,
    is_size,
    is_text,
    read_fields,
)
from segvg.annotations.readers.images import ImageChecks, is_inside
from segvg.annotations.readers.objects import Errors, check_object
from segvg.annotations.readers.spans import check_spans
from segvg.annotations.readers.texts import AmbiguousTexts, RepeatedTexts, check_blank


def _is_box_or_none(value: object) -> bool:
    return value is None or is_box(value)


def _is_int_or_none(value: object) -> bool:
    return value is None or is_int(value)


def _is_record(value: object) -> bool:
    return isinstance(value, dict)


IMAGE_REQUIRED = dict(id=is_text, file=is_text, width=is_size,
                      height=is_size)
IMAGE_OPTIONAL = dict(alt=lambda value: is_list(value) and all(
    map(is_text, value)), coco_id=_is_int_or_none)
INSTANCE_REQUIRED = dict(id=is_id, bbox=_is_box_or_none)
INSTANCE_OPTIONAL = dict(category_id=is_id, iscrowd=is_flag,
                         area=is_finite, segm=_is_record)
EXPR_REQUIRED = dict(id=is_id, text=is_text, targets=is_list)
EXPR_OPTIONAL = dict(ref_id=is_id, sent=is_text, tokens=is_list,
                     caption=is_flag, phrases=is_list)
PHRASE_REQUIRED = dict(span=is_list, targets=is_list)


@dataclass
class _Instance:
    """An instance of a line; ``charged`` when its errors were reported."""

    record: dict
    errors: Errors
    place: Place
    charged: bool = False


class LineParser:
    """Checks the lines of one file, one after the other.

    Args:
        images: looks for image files.
        categories: ids of the categories that the meta file lists, as text.
        report: takes the findings.
        options: how much to check.
    """

    def __init__(self, images: ImageChecks, categories: set[str], *, report: Report,
                 options: ReadOptions) -> None:
        self._images = images
        self._categories = categories
        self._report = report
        self._options = options
        self._image_ids, self._expr_ids = UniqueIds(), UniqueIds()
        self._ambiguous = AmbiguousTexts()

    def read(self, record: dict, place: Place, folder: Path) -> Optional[dict]:
        """Check a line; the line to write, or None when nothing of it is kept."""
        ids = dict(image_id=record['image'].get('id'))
        image = self._read_image(record['image'], place, ids)
        instances = self._read_instances(record['instances'], image, place, folder, ids)
        repeated, exprs = RepeatedTexts(), []
        if not record['exprs']:
            self._report.add('image_without_expressions', place, **ids)
        for number, source in enumerate(record['exprs']):
            where = place.child(f'.exprs[{number}]')
            expr = self._read_expr(source, instances, repeated, where, ids)
            if expr is None or image is None:
                continue
            if self._options.check >= Check.FAST and not expr.get('caption'):
                key = frozenset(instances[i].record['id'] for i in expr['targets'])
                self._ambiguous.check(expr['text'], (record['split'], image['id']), key,
                                      self._report, where, **ids, expr_id=expr['id'])
            exprs.append(expr)
        for instance in instances:
            for code, value in () if instance.charged else instance.errors:
                self._report.add(code, instance.place, 'box_dropped', value=value,
                                 **ids)
        if not exprs:
            return None
        return {**record, 'image': image, **_renumbered(instances, exprs)}

    def _read_image(self, record: dict, place: Place, ids: dict) -> Optional[dict]:
        where = place.child('.image')
        image, errors = read_fields(record, IMAGE_REQUIRED, IMAGE_OPTIONAL,
                                    self._report, where)
        found = None
        if not errors:
            image_id, again = self._image_ids.take(image['id'])
            if again:
                self._report.add('id_duplicate', where, value=image['id'], **ids)
            extra = {key: value for key, value in record.items()
                     if key not in IMAGE_OPTIONAL} | image
            found, missing = self._images.check(SourceImage(
                image_id, image['file'], image['width'], image['height'], where,
                image.get('alt', []),
                {key: value for key, value in extra.items()
                 if key not in (*IMAGE_REQUIRED, 'alt')}))
            errors += [('image_missing', missing)] if missing else []
        for code, value in errors:
            self._report.add(code, place, 'skip', value=value, **ids)
        return None if errors else found

    def _read_instances(self, records: list, image: Optional[dict], place: Place,
                        folder: Path, ids: dict) -> list[_Instance]:
        unique = UniqueIds()
        return [self._read_instance(record, unique, image, place.child(
            f'.instances[{number}]'), folder, ids)
            for number, record in enumerate(records)]

    def _read_instance(self, record: object, unique: UniqueIds, image: Optional[dict],
                       place: Place, folder: Path, ids: dict) -> _Instance:
        source, errors = read_fields(record, INSTANCE_REQUIRED, INSTANCE_OPTIONAL,
                                     self._report, place, **ids)
        if errors:
            return _Instance({'id': source.get('id')}, errors, place)
        ann_id, again = unique.take(source['id'])
        if again:
            self._report.add('id_duplicate', place, value=source['id'], **ids)
        category_id, segm = source.get('category_id'), source.get('segm')
        if self._categories and category_id is not None and (
                str(category_id) not in self._categories):
            self._report.add('category_unknown', place.child('.category_id'),
                             value=category_id, **ids)
        size = (image['width'], image['height']) if image else (math.inf, math.inf)
        checked, errors = check_object(
            SourceObject(ann_id, source['bbox'], place, category_id=category_id,
                         iscrowd=source.get('iscrowd', 0), area=source.get('area'),
                         segm=_source_mask(segm, folder),
                         has_mask=image is not None and segm is not None,
                         referred=record.get('ref', True)),
            *size, self._report, self._options, **ids)
        if segm and 'file' in segm and 'segm' in checked:
            checked['segm'] = segm
        if 'iscrowd' not in record:
            del checked['iscrowd']
        kept = {key: value for key, value in record.items()
                if key not in INSTANCE_OPTIONAL}
        return _Instance({**kept, **checked}, errors, place)

    def _read_expr(self, record: object, instances: list[_Instance],
                   repeated: RepeatedTexts, place: Place, ids: dict) -> Optional[dict]:
        expr, errors = read_fields(record, EXPR_REQUIRED, EXPR_OPTIONAL, self._report,
                                   place, **ids)
        ids = {**ids, 'ref_id': expr.get('ref_id'), 'expr_id': expr.get('id')}
        if 'id' in expr:
            expr['id'], again = self._expr_ids.take(expr['id'])
            if again:
                self._report.add('id_duplicate', place, value=record['id'], **ids)
        if 'targets' in expr:
            errors += self._read_targets(expr, instances, place, ids)
        phrases = self._read_phrases(expr, instances, errors, place, ids)
        for code, value in errors:
            self._report.add(code, place, 'skip', value=value, **ids)
        if 'text' not in expr or 'targets' not in expr:
            return None
        caption = expr.get('caption')
        blank = check_blank(expr['text'], self._report, place, self._options.check,
                            **ids)
        if self._options.check >= Check.FAST and not caption:
            scope = expr.get('ref_id', tuple(expr['targets']))
            repeated.check(expr['text'], scope, self._report, place, **ids)
        if errors or blank:
            return None
        if caption and not expr['targets'] and self._options.check >= Check.FAST:
            self._report.add('caption_without_boxes', place, **ids)
        unread = {key: value for key, value in record.items()
                  if key not in EXPR_OPTIONAL}
        return {**unread, **expr, **({} if phrases is None else {'phrases': phrases})}

    def _read_targets(self, expr: dict, instances: list[_Instance], place: Place,
                      ids: dict) -> Errors:
        """Check ``targets``; sorted and unique afterwards."""
        targets = expr['targets']
        wrong = [i for i in targets if not _is_place_in(instances, i)]
        if wrong:
            return [('dangling_ann', f'{wrong[0]!r} of {len(instances)} instances')]
        expr['targets'] = sorted(set(targets))
        if len(expr['targets']) != len(targets):
            self._report.add('target_duplicate', place.child('.targets'),
                             value=targets, **ids)
        if expr.get('caption'):
            expr['targets'] = [i for i in expr['targets'] if not instances[i].errors]
            return []
        errors = []
        for i in expr['targets']:
            errors += instances[i].errors
            instances[i].charged = True
        return errors

    def _read_phrases(self, expr: dict, instances: list[_Instance], errors: Errors,
                      place: Place, ids: dict) -> Optional[list[dict]]:
        """The phrases whose spans are in the text."""
        if 'phrases' not in expr or 'text' not in expr:
            return None
        kept = []
        for number, record in enumerate(expr['phrases']):
            where = place.child(f'.phrases[{number}]')
            phrase, wrong = read_fields(record, PHRASE_REQUIRED, {}, self._report,
                                        where)
            targets = phrase.get('targets', [])
            if not wrong and not all(_is_place_in(instances, i) for i in targets):
                wrong = [('dangling_ann', f'phrase {number} has targets {targets}')]
            errors += wrong
            if wrong:
                continue
            spans = check_spans(phrase['span'], len(expr['text']), self._report,
                                where.child('.span'), **ids)
            useful = sorted({i for i in targets if not instances[i].errors})
            if spans:
                kept.append({**record, 'span': spans, 'targets': useful})
        return kept


def _is_place_in(instances: list[_Instance], number: object) -> bool:
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
