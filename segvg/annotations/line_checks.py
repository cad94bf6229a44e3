"""What a line of a canonical file must be before anything relies on it.

The line may come from anywhere. Every one that is read passes these checks, so they
look at lists as a whole where they can.
"""
import math
from typing import Any, NoReturn, Optional, TypeGuard

MAX_SIDE = 1 << 15  # px; what says more is not an image
MAX_COORDINATE = 1e6  # px; drawing walks along each edge of a polygon
MAX_ID = 1 << 63
MAX_NAME_BYTES = 255  # of a file or folder


def check_line(line: Any) -> None:
    """Refuse a line that is not as ``canonical_types.Line`` says.

    Raises:
        ValueError: what was expected and what came.
    """
    if not isinstance(line, dict):
        _refuse('an object', line)
    for key, kind in (('image', dict), ('split', str), ('instances', list),
                      ('exprs', list)):
        if not isinstance(line.get(key), kind):
            _refuse('an object with image, split, instances, exprs', line)
    image = line['image']
    _check_image(image)
    for number, instance in enumerate(line['instances']):
        try:
            _check_instance(instance, image)
        except ValueError as error:
            raise ValueError(f'instances[{number}]: {error}') from None
    for number, expr in enumerate(line['exprs']):
        try:
            _check_expr(expr, len(line['instances']))
        except ValueError as error:
            raise ValueError(f'exprs[{number}]: {error}') from None


def show(value: object) -> str:
    """A value in short."""
    try:
        return repr(value)[:80]
    except RecursionError:
        return 'values within values'


def _refuse(expected: str, value: object) -> NoReturn:
    raise ValueError(f'expected {expected}, got {show(value)}')


def is_id(value: object) -> bool:
    """Whether a value is text or an integer of 64 bits."""
    return isinstance(value, str) or (type(value) is int and abs(value) < MAX_ID)


def is_file_name(value: object) -> TypeGuard[str]:
    """Whether a value is text that a file system takes as a relative path."""
    return isinstance(value, str) and all(
        len(part.encode('utf-8', 'surrogatepass')) <= MAX_NAME_BYTES
        for part in value.split('/'))


def _check_image(image: dict) -> None:
    if not is_id(image.get('id')) or not is_file_name(image.get('file')):
        _refuse('an image with id and file', image)
    if not all(map(is_file_name, _list(image, 'alt'))):
        _refuse('other names of the image', image['alt'])
    height, width = image.get('height'), image.get('width')
    if type(height) is not int or type(width) is not int or not (
            0 < height <= MAX_SIDE and 0 < width <= MAX_SIDE):
        _refuse(f'width and height of the image, up to {MAX_SIDE} px', (width, height))
    coco_id = image.get('coco_id')
    if coco_id is not None and not (type(coco_id) is int and abs(coco_id) < MAX_ID):
        _refuse('a number of the image in COCO', coco_id)


def _list(record: dict, key: str) -> list:
    """An optional list of a record."""
    value = record.get(key)
    if value is None:
        return []
    return value if isinstance(value, list) else _refuse(f'a list {key}', value)


def are_coordinates(values: object) -> bool:
    """Whether a value is a list of finite numbers that can be pixels."""
    if not isinstance(values, list):
        return False
    try:
        return (not values or -MAX_COORDINATE <= min(values) <= max(values)
                <= MAX_COORDINATE) and math.isfinite(math.fsum(values))
    except (TypeError, ValueError, OverflowError):
        return False


def _check_instance(instance: object, image: dict) -> None:
    if not isinstance(instance, dict) or not is_id(instance.get('id')):
        _refuse('an instance with an id', instance)
    bbox, segm = instance.get('bbox'), instance.get('segm')
    if bbox is not None and not (are_coordinates(bbox) and len(bbox) == 4):
        _refuse(f'a box of four numbers up to {MAX_COORDINATE:.0e} px', bbox)
    if segm is not None:
        _check_mask(segm, image)
    if 'bbox' not in instance or (bbox is None and segm is None):
        _refuse('a box, or a box of null and a mask', instance)
    if instance.get('iscrowd', 0) not in (0, 1):
        _refuse('iscrowd of 0 or 1', instance['iscrowd'])
    if not is_id(instance.get('category_id', 0)):
        _refuse('an id of the category', instance['category_id'])


def _check_mask(segm: object, image: dict) -> None:
    if not isinstance(segm, dict):
        _refuse('a mask with poly, rle or file', segm)
    if 'poly' in segm:
        if not isinstance(segm['poly'], list) or not all(
                are_coordinates(part) and len(part) % 2 == 0 for part in segm['poly']):
            _refuse('polygons of x and y', segm['poly'])
    elif 'rle' in segm:
        code = segm['rle']
        if not isinstance(code, dict) or not isinstance(code.get('counts'),
                                                        (str, list)):
            _refuse('run lengths with size and counts', code)
        if code.get('size') != [image['height'], image['width']]:
            _refuse(f'a mask of the size {[image["height"], image["width"]]} of the '
                    'image', code.get('size'))
    elif not is_file_name(segm.get('file')):
        _refuse('a mask with poly, rle or file', segm)


def _check_expr(expr: object, count: int) -> None:
    if (not isinstance(expr, dict) or not is_id(expr.get('id'))
            or not isinstance(expr.get('text'), str)
            or not isinstance(expr.get('sent', ''), str)):
        _refuse('an expression with id and text', expr)
    ref_id = expr.get('ref_id')
    if ref_id is not None and not is_id(ref_id):
        _refuse('an id of the ref', ref_id)
    _check_targets(expr.get('targets'), count)
    for number, phrase in enumerate(_list(expr, 'phrases')):
        if not isinstance(phrase, dict) or not _are_spans(phrase.get('span'), len(
                expr['text'])):
            _refuse(f'phrases[{number}] with spans in the text', phrase)
        _check_targets(phrase.get('targets'), count)


def _check_targets(targets: object, count: int) -> None:
    if not isinstance(targets, list) or not all(
            type(target) is int and 0 <= target < count for target in targets) or (
                len(set(targets)) < len(targets)):
        _refuse(f'targets that are indices into the {count} instances', targets)


def _are_spans(spans: Optional[object], length: int) -> bool:
    return isinstance(spans, list) and all(
        isinstance(span, list) and len(span) == 2
        and all(type(end) is int for end in span) and 0 <= span[0] <= span[1] <= length
        for span in spans)
