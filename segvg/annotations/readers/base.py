"""What readers of all formats share: options, source sets and their parts."""
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional, Union

from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.official_counts import Counts


def _no_progress(items: Iterable, description: str) -> Iterable:
    return items


@dataclass(frozen=True)
class ReadOptions:
    """How source files are read.

    Attributes:
        check: how much is checked.
        images: root of the images; None does not look at them.
        image_dirs: folders below it to try; None tries the usual ones.
        need_mask: skip what has no usable mask.
        all_objects: keep objects that no expression names.
        partition: read this partition only.
        dataset: name of the data set, when the source folder does not give it.
        reviewed: folder of labels that say which expressions are right.
        progress: wraps the records of a file, to show how far the reading is.
    """

    check: Check = Check.FAST
    images: Optional[Path] = None
    image_dirs: Optional[tuple[str, ...]] = None
    need_mask: bool = False
    all_objects: bool = False
    partition: Optional[str] = None
    dataset: Optional[str] = None
    reviewed: Optional[Path] = None
    progress: Callable[[Iterable, str], Iterable] = _no_progress


class ReadCounts:
    """Images, refs and expressions of each split as read, before skipping."""

    def __init__(self) -> None:
        self._images: dict[str, set] = {}
        self._refs: dict[str, int] = {}
        self._exprs: dict[str, int] = {}

    def add(self, split: str, image_id: object, exprs: int = 1, refs: int = 0) -> None:
        """Count a record."""
        self._images.setdefault(split, set()).add(image_id)
        self._refs[split] = self._refs.get(split, 0) + refs
        self._exprs[split] = self._exprs.get(split, 0) + exprs

    def splits(self) -> dict[str, Counts]:
        """The counts of each split; refs are None when the source has none."""
        return {split: Counts(len(images), self._refs[split] or None,
                              self._exprs[split])
                for split, images in self._images.items()}


class SourceSet(ABC):
    """One data set of a source: becomes one name of canonical files.

    Attributes:
        name: name of the canonical files.
        dataset: name of the data set in its source.
        partition: name of the partition, or None.
        files: the files it is read from; ``src`` of expressions counts them from 0.
        source_box: how the source stores boxes.
        text_field: which string of the source becomes the text.
        categories: names of the categories by id, once read.
        file_per_split: whether each split has a file of its own.
        image_dirs: folders in which images were found, once read.
        read: counts before skipping, once read.
        compared: those of them that official sizes are given for; all, in most sets.
        reviewed: files that say which expressions are right.
    """

    source_box: str
    text_field: str
    file_per_split: bool

    def __init__(self, name: str, dataset: str, partition: Optional[str], *,
                 files: list[Path]) -> None:
        self.name = name
        self.dataset = dataset
        self.partition = partition
        self.files = files
        self.categories: dict[int, str] = {}
        self.image_dirs: list[str] = []
        self.read = self.compared = ReadCounts()
        self.reviewed: list[Path] = []

    @abstractmethod
    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read the files and yield group lines, in source order."""


@dataclass
class SourceImage:
    """An image as a source names it.

    Attributes:
        id: canonical id, ``<namespace>:<number>``.
        file: name as annotated.
        width, height: as annotated; None when the source gives no size.
        place: where the size stands.
        alt: other names of the same image.
    """

    id: str
    file: str
    width: Optional[int]
    height: Optional[int]
    place: Place
    alt: list[str] = field(default_factory=list)
    extra: dict = field(default_factory=dict)


@dataclass
class SourceObject:
    """An annotated object.

    Attributes:
        id: id of the annotation in the source.
        bbox: xyxy, half-open, not clipped.
        place: where it stands.
        size: w and h as stored, to compare the area with; None takes those of ``bbox``.
        segm: mask as the source stores it.
        mask_place: where the mask stands; None when it is a part of the object.
        has_mask: whether the format has masks at all.
        referred: whether an expression names it.
    """

    id: object
    bbox: Optional[list[float]]
    place: Place
    size: Optional[tuple[float, float]] = None
    category_id: Union[int, str, None] = None
    iscrowd: int = 0
    area: Optional[float] = None
    segm: object = None
    mask_place: Optional[Place] = None
    has_mask: bool = True
    referred: bool = True
