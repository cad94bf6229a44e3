"""Whether a window can be opened."""
import matplotlib.pyplot as plt

from segvg.utils.errors import InputError

#: Names of matplotlib's backends that draw without a window.
WITHOUT_WINDOWS = ('agg', 'cairo', 'pdf', 'pgf', 'ps', 'svg', 'template')


def require_display() -> None:
    """Check that windows can be opened.

    Without a screen matplotlib would wait for a key that nobody can press.

    Raises:
        InputError: this machine or session has no screen.
    """
    backend = plt.get_backend()
    if backend.lower() in WITHOUT_WINDOWS:
        raise InputError('no window can be opened here (matplotlib draws with '
                         f'{backend!r}): write the pictures to a folder instead')
