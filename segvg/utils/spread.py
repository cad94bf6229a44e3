"""A few items of many."""
from typing import Sequence, TypeVar

T = TypeVar('T')


def spread(items: Sequence[T], most: int) -> list[T]:
    """Return at most ``most`` items, spread evenly over all."""
    count = min(len(items), most)
    return [items[index * len(items) // count] for index in range(count)]
