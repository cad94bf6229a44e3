"""What goes wrong with an annotation file, in one error type."""
import json
from collections.abc import Callable
from pathlib import Path
from typing import Optional, TypeVar, Union

from segvg.utils.plain_values import PickleRefusedError

PathLike = Union[str, Path]
Content = TypeVar('Content')
REASON_LENGTH = 300  # characters of what a parser has to say


class AnnotationFileError(ValueError):
    """An annotation file that cannot be read, or must not be.

    Args:
        path: the file.
        reason: what is wrong with it.
        code: problem code for the report.
        offset: where in the file, in bytes, when known.
    """

    def __init__(self, path: PathLike, reason: str, *, code: str = 'bad_container',
                 offset: Optional[int] = None) -> None:
        location = '' if offset is None else f', byte {offset}'
        super().__init__(f'{path}{location}: {reason}')
        self.path = Path(path)
        self.reason = reason
        self.code = code
        self.offset = offset


class UnsafeFileError(AnnotationFileError):
    """A file that asks for code to be run while it is read."""


def checked_file(path: PathLike, size_limit: int) -> Path:
    """The path of a regular file that is not larger than a limit in bytes.

    Raises:
        FileNotFoundError: the file does not exist.
        AnnotationFileError: it is larger.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'file {path} does not exist')
    size = path.stat().st_size
    if size > size_limit:
        raise AnnotationFileError(path, f'{size} bytes, more than the limit of '
                                        f'{size_limit}')
    return path


def guarded(path: Path, load: Callable[[], Content],
            locate: Callable[[Exception], Optional[int]] = lambda error: None
            ) -> Content:
    """What ``load`` returns; any exception of it becomes an AnnotationFileError.

    Args:
        path: the file that is read.
        load: reads it.
        locate: where the error is, in bytes.
    """
    try:
        return load()
    except AnnotationFileError:
        raise
    except PickleRefusedError as error:
        if error.name is None:
            raise AnnotationFileError(path, error.reason,
                                      offset=error.offset) from None
        advice = 'only plain containers, numbers, text and tensors are read'
        if error.name.startswith('numpy'):
            advice += ("; save the file again as JSON, with plain numbers: json.dump("
                       f"content, open({path.stem + '.json'!r}, 'w'), default=lambda "
                       'number: number.item())')
        raise UnsafeFileError(path, f'{error.reason}; {advice}', code='unsafe_pickle',
                              offset=error.offset) from None
    except MemoryError:
        raise AnnotationFileError(path, 'cannot be read (not enough memory)') from None
    except Exception as error:
        reason = (str(error).splitlines() or [''])[0][:REASON_LENGTH]
        raise AnnotationFileError(
            path, f'cannot be read ({type(error).__name__}: {reason})',
            offset=locate(error)) from None


def json_offset(data: bytes, error: Exception) -> Optional[int]:
    """Where in its bytes a JSON text cannot be read."""
    if isinstance(error, UnicodeDecodeError):
        return error.start
    if isinstance(error, json.JSONDecodeError):
        return len(error.doc[:error.pos].encode('utf-8', 'surrogatepass'))
    return None
