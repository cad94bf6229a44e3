"""Checkpoints that are there whole or not at all."""
import os
from pathlib import Path
from typing import Union

from mmengine.fileio import LocalBackend, register_backend


class WholeFileBackend(LocalBackend):
    """mmengine's files on disk; a file gets its name when it has all of its bytes."""

    def put(self, obj: bytes, filepath: Union[str, Path]) -> None:
        """Write a file, or leave what was there before."""
        draft = f'{filepath}.draft'  # what a stop leaves is written over
        super().put(obj, draft)
        os.replace(draft, filepath)


def use_whole_files() -> None:
    """Make mmengine write checkpoints by ``WholeFileBackend``.

    It saves the checkpoint of an epoch a second time when it is the best. Killed in
    this, a training could not go on: its last checkpoint would be a part of one.
    """
    register_backend('local', WholeFileBackend, force=True, prefixes='')
