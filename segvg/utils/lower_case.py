"""Lower-casing that remembers where each character was."""


def lower_with_origins(text: str) -> tuple[str, list[int]]:
    """Return a text in lower case, and for each of its characters the place it had.

    Some letters become two, such as the capital I with a dot. Each letter is taken by
    itself, so that a part of a text is found in it whatever is around it.
    """
    lowered = [character.lower() for character in text]
    origins = [place for place, part in enumerate(lowered) for _ in part]
    return ''.join(lowered), origins
