"""A progress bar for a long loop."""
import sys
from typing import Iterable, Optional, TypeVar

T = TypeVar('T')


def with_progress(items: Iterable[T], description: str,
                  total: Optional[int] = None) -> Iterable[T]:
    """Return items, with a progress bar on standard error if it is a terminal.

    Args:
        items: the items.
        description: what the bar is called.
        total: the number of items; None: their length, if they have one.
    """
    if not sys.stderr.isatty():
        return items
    from rich.console import Console  # slow
    from rich.progress import track
    return track(items, description, total, console=Console(stderr=True),
                 transient=True)
