"""Names that a user may have meant."""
import difflib
from typing import Iterable


def did_you_mean(name: str, known: Iterable[str], most: int = 1) -> str:
    """Return ``did you mean A or B?``; empty if no known name is close.

    Args:
        name: the wrong name.
        known: the names that exist.
        most: largest number of names in the question.
    """
    close = difflib.get_close_matches(name, list(known), n=most)
    return f'did you mean {" or ".join(close)}?' if close else ''
