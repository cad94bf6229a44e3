"""Read arrays of unknown origin."""
import numpy as np

from segvg.annotations.files.errors import PathLike, UnsafeFileError, checked_file

SIZE_LIMIT = 1 << 30  # bytes


def load_npy(path: PathLike, size_limit: int = SIZE_LIMIT) -> np.ndarray:
    """Read a plain array.

    Raises:
        FileNotFoundError: the file does not exist.
        AnnotationFileError: it is too large, or is not one array of numbers.
    """
    path = checked_file(path, size_limit)
    try:
        array = np.load(path, allow_pickle=False)
    except Exception:  # numpy's own message advises to load it unsafely
        array = None
    if not isinstance(array, np.ndarray):
        raise UnsafeFileError(path, 'not one plain array of numbers',
                              code='unsafe_npy')
    return array
