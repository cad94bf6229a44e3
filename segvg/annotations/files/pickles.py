"""Read pickled annotations of unknown origin without running what is in them."""
from pathlib import Path

from segvg.annotations.files.errors import PathLike, checked_file, guarded
from segvg.utils.plain_pickle import load_plain

SIZE_LIMIT = 1 << 30  # bytes


def load_pickle(path: PathLike, size_limit: int = SIZE_LIMIT) -> object:
    """Read a pickle made of lists, dicts, strings, numbers, booleans and None only.

    Text of Python 2 (byte strings) is read as latin1, which never fails. Integers of
    more than 127 bits become infinite, for the checks of the numbers.

    Raises:
        FileNotFoundError: the file does not exist.
        AnnotationFileError: it is damaged, becomes far larger than it is, or asks for
            a name (``UnsafeFileError``).
    """
    path = checked_file(path, size_limit)

    def load() -> object:
        return load_plain(path.read_bytes())[0]
    return guarded(path, load)


def has_byte_strings(path: PathLike) -> bool:
    """Whether a pickle may hold the byte strings of Python 2, by its protocol."""
    with open(path, 'rb') as stream:
        start = stream.read(2)
    return not (len(start) == 2 and start[0] == 0x80 and start[1] >= 3)


def load_pth(path: PathLike, size_limit: int = SIZE_LIMIT) -> object:
    """Read a file of ``torch.save`` that holds plain containers and tensors.

    Both containers, the zip archive and the older one, are read. Strings that
    Python 2 wrote come as bytes. Errors are those of ``load_pickle``.
    """
    from segvg.utils.torch_files import load_torch_file
    path = checked_file(path, size_limit)

    def load() -> object:
        return load_torch_file(Path(path), encoding='bytes')
    return guarded(path, load)
