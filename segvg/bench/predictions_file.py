"""Predictions of any program in a file: read, checked, and found by their expressions.
"""
import json
import math
from pathlib import Path
from typing import Any, Iterator, NamedTuple, Optional, Sequence

from segvg.annotations.files.json_values import load_json
from segvg.annotations.files.pickles import load_pickle
from segvg.utils.errors import InputError
from segvg.utils.plain_values import printable

BOXES = ('xyxy', 'xywh')
#: Fields that say which expression a record is about; one of the first two is needed.
KEYS = ('expr_id', 'expr_idx', 'img_id', 'dataset', 'split')
SHOWN = 5
FORM = '{"expr_id": 17, "bbox": [x1, y1, x2, y2]}, and "score" and "mask" if known'


class Prediction(NamedTuple):
    """What a program says about one expression.

    Attributes:
        where: how messages name the record.
        keys: those of ``KEYS`` that it has.
        bboxes: N boxes, xyxy pixels of the image; None for one that has a mask only.
        scores: N numbers.
        masks: N canonical mask records or None.
        no_target_score: confidence that nothing in the image fits, or None.
        global_mask: a mask of all targets besides theirs, or None.
    """
    where: str
    keys: dict[str, Any]
    bboxes: list[Optional[list[float]]]
    scores: list[float]
    masks: list[Optional[dict]]
    no_target_score: Optional[float]
    global_mask: Optional[dict] = None


def read_predictions(path: Path, box: str = 'xyxy') -> list[Prediction]:
    """Return the predictions of a file.

    A record has ``expr_id`` (or ``expr_idx``, the number of the expression in its
    annotation file), and ``dataset``, ``split`` or ``img_id`` where that is not enough.
    Its answer is ``bbox``, ``mask`` (a run-length code or polygons) and ``score``, or a
    list of these in ``targets``; ``bbox`` null or ``no_target`` true means that no
    object fits. What ``tools/test.py --out F.pkl`` writes is read as well.

    Args:
        path: a list in JSON, lines of JSON (``.jsonl``), or a pickle of plain values.
        box: how boxes are stored, see ``BOXES``; those of a pickle are xyxy.

    Raises:
        FileNotFoundError: the file does not exist.
        ValueError: it cannot be read, or a record has another form; names the record.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'{path} does not exist')
    records = list(_records(path))
    if not records:
        raise InputError(f'{path} has no predictions')
    found = [_parse(record, f'{path}, record {number}', box)
             for number, record in enumerate(records, 1)]
    sides = [side for item in found for bbox in item.bboxes if bbox for side in bbox]
    if sides and max(sides) <= 1:
        raise InputError(f'all boxes of {path} lie between 0 and 1; pixels of the '
                         'image are expected')
    return found


def _records(path: Path) -> Iterator[Any]:
    """Yield the records of a file as they are."""
    if path.suffix in ('.pkl', '.pickle'):
        content = load_pickle(path)
    elif path.suffix == '.jsonl':
        with open(path, encoding='utf-8') as stream:
            for number, line in enumerate(stream, 1):
                try:
                    yield json.loads(line)
                except (ValueError, RecursionError) as error:
                    raise InputError(f'{path}, line {number} is not JSON: {error}'
                                     ) from None
        return
    else:
        content = load_json(path)
    if not isinstance(content, list):
        raise InputError(f'{path} is not a list of predictions, {FORM}')
    yield from content


def _parse(record: Any, where: str, box: str) -> Prediction:
    """Return a record as a prediction."""
    if not isinstance(record, dict):
        raise InputError(f'{where} is not an object: {FORM} is expected')
    keys = {key: record[key] for key in KEYS if record.get(key) is not None}
    if not {'expr_id', 'expr_idx'} & set(keys):
        raise InputError(f'{where} has no expr_id, which names an expression of the '
                         f'annotation file: {FORM} is expected')
    where = f'{where} ({", ".join(f"{k} {v!r}" for k, v in list(keys.items())[:1])})'
    none = record.get('no_target_score')
    if none is not None and not _is_number(none):
        raise InputError(f'{where}: no_target_score is {none!r}, a number is expected')
    if 'pred_instances' in record:
        return _parse_dump(record, where, keys, none)
    targets = _targets(record, where)
    if none is None:
        none = float(not targets)
    return Prediction(
        where, keys, [_box(target.get('bbox'), where, box) for target in targets],
        [_score(target.get('score', 1.0), where) for target in targets],
        [_mask(target.get('mask'), where) for target in targets], none)


def _targets(record: dict, where: str) -> list[dict]:
    """Return the targets of a record, each with a box or a mask."""
    if record.get('no_target') is True:
        return []
    if 'targets' in record:
        targets = record['targets']
        if not isinstance(targets, list) or not all(
                isinstance(target, dict) for target in targets):
            raise InputError(f'{where}: targets is not a list of objects with bbox, '
                             'score and mask')
    else:
        if 'bbox' not in record and 'mask' not in record:
            raise InputError(f'{where} has neither bbox nor mask; "bbox": null says '
                             'that nothing fits')
        targets = [record]
        if record.get('bbox') is None and record.get('mask') is None:
            return []
    for target in targets:
        if target.get('bbox') is None and target.get('mask') is None:
            raise InputError(f'{where} has a target with neither bbox nor mask')
    return targets


def _parse_dump(record: dict, where: str, keys: dict, none: Optional[float]
                ) -> Prediction:
    """Return what ``PredictionDump`` wrote about an expression."""
    found = record['pred_instances']
    try:
        bboxes, scores = list(found['bboxes']), list(found['scores'])
        masks = list(found.get('masks') or [None] * len(bboxes))
    except (TypeError, KeyError, AttributeError):
        raise InputError(f'{where}: pred_instances has no bboxes and scores') from None
    if not len(bboxes) == len(scores) == len(masks):
        raise InputError(f'{where}: {len(bboxes)} boxes, {len(scores)} scores, '
                         f'{len(masks)} masks')
    return Prediction(
        where, keys, [_box(bbox, where, 'xyxy') for bbox in bboxes],
        [_score(score, where) for score in scores],
        [_mask(mask, where) for mask in masks], none,
        _mask(record.get('global_mask'), where))


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _score(value: Any, where: str) -> float:
    if not _is_number(value):
        raise InputError(f'{where}: score is {value!r}, a number is expected')
    return float(value)


def _box(value: Any, where: str, box: str) -> Optional[list[float]]:
    """Return a box as xyxy."""
    if value is None:
        return None
    if not isinstance(value, (list, tuple)) or len(value) != 4 or not all(
            map(_is_number, value)):
        raise InputError(f'{where}: bbox is {str(value)[:80]}, four numbers are '
                         'expected')
    x1, y1, x2, y2 = map(float, value)
    if box == 'xywh':
        x2, y2 = x1 + x2, y1 + y2
    if x2 < x1 or y2 < y1:
        hint = ('; --box xywh is for a corner and the size' if box == 'xyxy' else '')
        raise InputError(f'{where}: bbox is {list(value)}, which ends before it begins'
                         f'{hint}')
    return [x1, y1, x2, y2]


def _mask(value: Any, where: str) -> Optional[dict]:
    """Return a mask as a canonical record."""
    if value is None:
        return None
    if isinstance(value, dict) and set(value) >= {'size', 'counts'}:
        return dict(rle=value)
    if isinstance(value, list) and value and all(
            isinstance(part, list) for part in value):
        return dict(poly=value)
    raise InputError(f'{where}: mask is {str(value)[:80]}; a run-length code {{"size", '
                     '"counts"} or a list of polygons is expected')


class Matched(NamedTuple):
    """The prediction of each expression.

    Attributes:
        predictions: position of an expression -> its prediction.
        missing: positions of those without one.
    """
    predictions: dict[int, Prediction]
    missing: list[int]


def match(predictions: Sequence[Prediction], expressions: Sequence[dict],
          path: Path) -> Matched:
    """Find the expression of every prediction.

    Args:
        predictions: of a file.
        expressions: with the fields of ``KEYS``.
        path: of the file, for messages.

    Raises:
        InputError: a prediction is about no expression or about several, or two
            predictions are about the same expression.
    """
    found: dict[int, Prediction] = {}
    index: dict[str, dict[str, list[int]]] = dict(expr_id={}, expr_idx={})
    for position, expression in enumerate(expressions):
        for key, places in index.items():
            places.setdefault(str(expression[key]), []).append(position)
    unknown = []
    for item in predictions:
        first = 'expr_id' if 'expr_id' in item.keys else 'expr_idx'
        places = [position for position in index[first].get(str(item.keys[first]), ())
                  if all(str(expressions[position][key]) == str(value)
                         for key, value in item.keys.items())]
        if not places:
            unknown.append(item)
            continue
        if len(places) > 1:
            raise InputError(
                f'{item.where} is about one of {len(places)} expressions: '
                f'{_names(expressions[place] for place in places)}. Add expr_idx, the '
                'number in the annotation file, img_id, dataset or split')
        if places[0] in found:
            raise InputError(f'{item.where} and {found[places[0]].where} are about the '
                             'same expression; several boxes go into "targets"')
        found[places[0]] = item
    if unknown:
        names = ', '.join(repr(next(iter(item.keys.values())))
                          for item in unknown[:SHOWN])
        more = ', ...' if len(unknown) > SHOWN else ''
        raise InputError(
            f'{len(unknown)} of {len(predictions)} predictions of {path} are about '
            f'expressions that are not in the data: {printable(names)}{more}. The '
            f'data have {_names(expressions)}')
    return Matched(found, [position for position in range(len(expressions))
                           if position not in found])


def _names(expressions: Any) -> str:
    """Return the first expressions for a message."""
    expressions = list(expressions)
    names = '; '.join(
        f'expr_id {item["expr_id"]!r} (expr_idx {item["expr_idx"]}, img_id '
        f'{item["img_id"]!r}, {item["dataset"]} {item["split"]})'
        for item in expressions[:SHOWN])
    return printable(names) + ('; ...' if len(expressions) > SHOWN else '')
