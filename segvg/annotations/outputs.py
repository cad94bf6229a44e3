"""Files that a tool writes replace neither what it reads nor what others wrote."""
import argparse
import filecmp
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Optional, Union

AnyPath = Union[str, Path]


def add_overwrite(parser: argparse.ArgumentParser) -> None:
    """Add the flag that lets a tool replace files; ``check_outputs`` reads it."""
    parser.add_argument('--overwrite', action='store_true',
                        help='replace existing files; never those that are read')


def check_outputs(paths: Iterable[Optional[AnyPath]], inputs: Iterable[AnyPath] = (),
                  *, overwrite: bool = False) -> None:
    """Refuse to write files that are inputs, or that exist already.

    Args:
        paths: the files to write; None stands for one that is not asked for.
        inputs: the files that are read; these are never replaced.
        overwrite: whether other files may be replaced.

    Raises:
        FileExistsError: one of them must not be written.
    """
    read = [Path(path) for path in inputs]
    for path in paths:
        if path is not None:
            check_output(Path(path), read, overwrite=overwrite)


def check_output(path: Path, inputs: Iterable[Path] = (), *,
                 overwrite: bool = False) -> None:
    """Refuse to write a file that is an input, or that exists already.

    An empty file, and what is not a file (a pipe, a terminal), holds nothing to lose.

    Args:
        path: the file to write.
        inputs: the files that are read; these are never replaced.
        overwrite: whether another file may be replaced.

    Raises:
        FileExistsError: the file must not be written.
    """
    if not path.exists():
        return
    if any(other.exists() and path.samefile(other) for other in inputs):
        raise FileExistsError(f'{path} is read and would be overwritten: choose '
                              'another folder or name for what is written')
    if not overwrite and path.is_file() and path.stat().st_size:
        raise FileExistsError(f'{path} exists already: choose another name or '
                              'folder, or add --overwrite')


class MaskCopies:
    """Copies the mask files of lines that move to another folder.

    Lines name them relative to their own folder.

    Args:
        source: folder of the lines as they are read.
        target: folder of the new lines.
        overwrite: whether other files of these names may be replaced.
    """

    def __init__(self, source: Path, target: Path, *, overwrite: bool = False) -> None:
        self._source = source
        self._target = target
        self._overwrite = overwrite
        self._is_moved = source.resolve() != target.resolve()
        self._done: set[str] = set()

    def copy(self, line: dict) -> None:
        """Copy the mask files that a line names; one that is not there stays away.

        Raises:
            FileExistsError: another file of this name is there.
        """
        for instance in line['instances'] if self._is_moved else ():
            name = (instance.get('segm') or {}).get('file')
            if name is None or name in self._done:
                continue
            self._done.add(name)
            source, target = self._source / name, self._target / name
            if not source.is_file():
                continue
            if target.exists():
                if filecmp.cmp(source, target, shallow=False):
                    continue
                check_output(target, [source], overwrite=self._overwrite)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
