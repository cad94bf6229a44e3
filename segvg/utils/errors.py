"""Errors that a user can correct."""


class InputError(ValueError):
    """A file or setting that cannot be used; its message says everything.

    Tools print it in one line, without a traceback.
    """
