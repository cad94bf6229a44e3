"""Phrases of a caption."""


def phrase_text(text: str, phrase: dict) -> str:
    """Return the characters of a phrase; its parts are joined by a blank.

    Args:
        text: the caption.
        phrase: its ``span`` is a list of (begin, end) in the caption.
    """
    return ' '.join(text[begin:end] for begin, end in phrase['span'])
