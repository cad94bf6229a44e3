"""A progress bar for a long loop."""
import sys
from typing import Iterable, Iterator, TypeVar

T = TypeVar('T')


def with_progress(items: Iterable[T], total: int, *, shown: bool) -> Iterator[T]:
    """Yield items, with a progress bar on standard error if it is a terminal.

    Args:
        items: the items.
        total: the number of items.
        shown: whether to show the bar.
    """
    if not shown or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console  # slow
    from rich.progress import track
    yield from track(items, 'images', total, console=Console(stderr=True))
