"""Masks that are arrays in files of their own: ``.npy``, ``.mat``."""
import os
from collections.abc import Callable
from pathlib import Path
from typing import Optional

import numpy as np

from segvg.annotations.checks import Place, Report
from segvg.annotations.files.arrays import load_npy
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.mask_checks import CheckedMask, MaskFinding, check_mask
from segvg.annotations.readers.images import is_inside


class ArrayMasks:
    """The mask files of a folder; what is wrong with a file is found once.

    Args:
        folder: where the files are; when it is not there, that is one finding.
        root: of the source, for the places of findings.
        report: takes the finding that the folder is missing.
        need_mask: whether what has no mask is skipped: each row is told then.
        load: reads a file: an array (H, W) that is not 0 in the object.
    """

    def __init__(self, folder: Path, root: Path, *, report: Report, need_mask: bool,
                 load: Callable[[Path], np.ndarray] = load_npy) -> None:
        self._folder = folder
        self._root = root
        self._report = report
        self._need_mask = need_mask
        self._load = load
        self._is_missed = False
        self._checked: dict[tuple, CheckedMask] = {}

    def check(self, name: str, size: tuple[int, int],
              place: Place) -> tuple[CheckedMask, Optional[Place]]:
        """The mask of a file, and where it stands; None when there is no such file.

        Args:
            name: of the file.
            size: width and height of the image.
            place: of the row that names it.
        """
        missing = CheckedMask(None, (MaskFinding('mask_missing', name),))
        if not self._folder.is_dir() and not self._need_mask:
            self._report_folder(place)
            return CheckedMask(None), None
        path = self._folder / name
        if not (is_inside(name) and os.path.isfile(path)
                and self._folder.resolve() in path.resolve().parents):
            return missing, None
        where = Place(Path(os.path.relpath(path, self._root)).as_posix())
        key = (name, *size)
        if key in self._checked:
            again = self._checked[key]
            return again if self._need_mask else again._replace(
                findings=(), bounds=None), where
        self._checked[key] = self._check_file(path, size)
        return self._checked[key], where

    def _check_file(self, path: Path, size: tuple[int, int]) -> CheckedMask:
        try:
            return check_mask(self._load(path), size[1], size[0], decode=True)
        except AnnotationFileError as error:
            return CheckedMask(None, (MaskFinding(error.code, error.reason),))

    def _report_folder(self, place: Place) -> None:
        if not self._is_missed:
            self._is_missed = True
            self._report.add('mask_missing', Place(place.file),
                             value=f'there is no folder {self._folder}')
