"""mmengine's way to write files, by ``segvg.utils.files``."""
from mmengine.fileio import LocalBackend, register_backend

from segvg.utils.files import AnyPath, write_whole


class WholeFileBackend(LocalBackend):
    """mmengine's files on disk, written by ``write_whole``."""

    def put(self, obj: bytes, filepath: AnyPath) -> None:
        """Write a file, or leave what was there before."""
        write_whole(filepath, obj)

    def put_text(self, obj: str, filepath: AnyPath, encoding: str = 'utf-8') -> None:
        """Write a text, or leave what was there before."""
        write_whole(filepath, obj.encode(encoding))


def use_whole_files() -> None:
    """Make mmengine write checkpoints by ``WholeFileBackend``.

    Killed while mmengine writes a checkpoint in place, a training could not be
    resumed: its last checkpoint would be incomplete.
    """
    register_backend('local', WholeFileBackend, force=True, prefixes='')
