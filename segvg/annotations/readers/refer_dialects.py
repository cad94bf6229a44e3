"""How the sets in REFER layout differ: file names, lists of targets, flags."""
from collections.abc import Callable
from typing import NamedTuple, Optional

from segvg.annotations.readers.base import Errors
from segvg.annotations.readers.field_checks import (
    Fields,
    is_anything,
    is_flag,
    is_int,
    is_list,
    is_text,
    list_of,
    show,
)

COMMON_REQUIRED = Fields(ref_id=is_int, image_id=is_int, split=is_text,
                         sentences=is_list)
COMMON_OPTIONAL = Fields(file_name=is_text, sent_ids=is_list)
NO_TARGET = -1  # stands in place of an annotation id
_is_ids = list_of(is_int)
ZOM_ZERO, ZOM_ONE, ZOM_MANY = 'zero', 'one', 'many'


class NamedTargets(NamedTuple):
    """The annotations that a ref names, and what is wrong with how it names them.

    ``errors`` cost the ref, ``notes`` do not; both are lists of (code, value).
    """

    ann_ids: list[int]
    errors: Errors
    notes: Errors


def _is_id_or_ids(value: object) -> bool:
    return is_int(value) or _is_ids(value)


def _is_ids_or_none(value: object) -> bool:
    return value == NO_TARGET or _is_ids(value)


def name_one(ref: dict) -> NamedTargets:
    """The one annotation of a ref of RefCOCO, RefCLEF or R-RefCOCO."""
    return NamedTargets([ref['ann_id']], [], [])


def name_grefcoco(ref: dict) -> NamedTargets:
    """The annotations of a ref of gRefCOCO; ``[-1]`` says that there are none.

    An empty list says so too, but only beside ``no_target``.
    """
    ann_ids, notes = _unique(ref['ann_id'])
    errors: Errors = []
    if is_int(ref['ann_id']):
        notes.append(('ann_id_scalar', ref['ann_id']))
    real = [ann_id for ann_id in ann_ids if ann_id != NO_TARGET]
    mark = ref.get('no_target')
    if real:
        contradicts = bool(mark) or len(real) < len(ann_ids)
    else:
        contradicts = not mark if not ann_ids else mark is not None and not mark
    if contradicts:
        errors.append(('no_target_encoding', f'{ann_ids}, no_target is {mark}'))
    return NamedTargets(real, errors, notes)


def name_refzom(ref: dict) -> NamedTargets:
    """The annotations of a ref of Ref-ZOM; the mark ``zero`` wins over their list."""
    ann_ids, notes = _unique(ref['ann_id'])
    errors: Errors = []
    real = [ann_id for ann_id in ann_ids if ann_id != NO_TARGET]
    mark = ref['source']
    if mark == ZOM_ZERO:
        if real:
            notes.append(('zom_source_conflict', f'{mark} for {real}'))
        return NamedTargets([], errors, notes)
    if mark not in (ZOM_ONE, ZOM_MANY):
        notes.append(('zom_source_unknown', show(mark)))
    if not real or len(real) < len(ann_ids):
        errors.append(('no_target_encoding', f'{mark} for {ann_ids}'))
    elif mark == (ZOM_ONE if len(real) > 1 else ZOM_MANY):
        notes.append(('zom_source_conflict', f'{mark} for {real}'))
    return NamedTargets(real, errors, notes)


def _unique(listed: object) -> tuple[list[int], Errors]:
    """The ids of a list, or a single id, each once."""
    listed = listed if isinstance(listed, list) else [listed]
    ann_ids = list(dict.fromkeys(listed))
    return ann_ids, [('target_duplicate', listed)] if len(ann_ids) < len(listed) else []


class Dialect(NamedTuple):
    """What a set in REFER layout has of its own.

    Attributes:
        names: of refs files, as patterns; ``*`` is the partition.
        required, optional: fields of a ref.
        name_targets: reads which annotations a ref names.
        one_target: whether a ref names one object, so that two refs of one object are
            worth a note.
        suffix_is_ann_id: whether ``file_name`` ends in the annotation id.
        has_negatives: whether sentences say in ``exist`` that they describe nothing.
        namespace: of the ids of images; None takes it from their names.
        name_image: makes the name of an image that has none; None takes COCO's names.
    """

    names: tuple[str, ...]
    required: Fields = {**COMMON_REQUIRED, 'ann_id': is_int}
    optional: Fields = {**COMMON_OPTIONAL, 'category_id': is_int}
    name_targets: Callable[[dict], NamedTargets] = name_one
    one_target: bool = True
    suffix_is_ann_id: bool = True
    has_negatives: bool = False
    namespace: Optional[str] = None
    name_image: Optional[Callable[[int], str]] = None

    def files(self, partition: str) -> str:
        """The names of the refs files of a partition, for a message."""
        return ' or '.join(self.names).replace('*', partition)


REFER = Dialect(('refs(*).p', 'refs(*).json'))
REFCLEF = Dialect(('refs(*).p', 'refs(*).json'), suffix_is_ann_id=False,
                  namespace='saiapr', name_image='{}.jpg'.format)
RREFCOCO = Dialect(('refs(*).p', 'refs(*).json'), has_negatives=True)
GREFCOCO = Dialect(
    ('grefs(*).json', 'grefs(*).p'),
    required={**COMMON_REQUIRED, 'ann_id': _is_id_or_ids},
    optional={**COMMON_OPTIONAL, 'category_id': _is_ids_or_none,
              'no_target': is_flag},
    name_targets=name_grefcoco, one_target=False, suffix_is_ann_id=False)
REFZOM = Dialect(
    ('refs(*).p', 'Ref-ZOM(*).p', 'refs(*).json'),
    required={**COMMON_REQUIRED, 'ann_id': _is_id_or_ids, 'source': is_anything},
    optional={**COMMON_OPTIONAL, 'category_id': _is_id_or_ids},
    name_targets=name_refzom, one_target=False)
