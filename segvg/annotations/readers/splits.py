"""Splits that have files of their own: read from the names, train first."""
import re
from collections.abc import Callable, Collection
from typing import Optional, TypeVar

from segvg.annotations.readers.base import Context

SPLIT_NAME = re.compile(r'train|val|test[ABC]*|trainval|minival|miniv|all')
SPLIT_ALIASES = dict(validation='val', valid='val', dev='val')
SPLIT_ORDER = ('train', 'val', 'miniv', 'minival', 'trainval')

Item = TypeVar('Item')


def order_by_split(items: list[Item], split_of: Callable[[Item], str]) -> list[Item]:
    """Items with train before val and val before the others."""
    def rank(item: Item) -> tuple[int, str]:
        split = SPLIT_ALIASES.get(split_of(item), split_of(item))
        known = split in SPLIT_ORDER
        return SPLIT_ORDER.index(split) if known else len(SPLIT_ORDER), split
    return sorted(items, key=rank)


def split_of_file(ctx: Context, name: str,
                  expected: Optional[Collection[str]]) -> Optional[str]:
    """The split that a file's name gives, or None when it names none.

    Args:
        ctx: of the file; takes what is odd about the name.
        name: as in the name of the file.
        expected: splits that the data set has, when that is known.
    """
    split = SPLIT_ALIASES.get(name, name)
    if not SPLIT_NAME.fullmatch(split):
        ctx.skip([('split_unknown', name)])
        return None
    if split != name:
        ctx.note('split_alias', name)
    if expected and split not in expected:
        ctx.note('split_unexpected', name)
    return split
