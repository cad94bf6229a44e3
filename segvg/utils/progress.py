"""A bar that shows how far a long loop is."""
import sys
from typing import Iterable, Iterator, TypeVar

T = TypeVar('T')


def with_progress(items: Iterable[T], total: int, *, shown: bool) -> Iterator[T]:
    """Yield items, with a bar on standard error while it is a terminal.

    Args:
        items: to be counted.
        total: how many there are.
        shown: False: without a bar anyway.
    """
    if not shown or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console  # slow
    from rich.progress import track
    yield from track(items, 'images', total, console=Console(stderr=True))
