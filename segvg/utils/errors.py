"""Errors that are a user's to mend."""


class InputError(ValueError):
    """A file or setting that cannot be used; its message is all that there is to say.

    Tools print it in one line, without a traceback.
    """
