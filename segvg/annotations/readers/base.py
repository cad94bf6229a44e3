"""What readers of all formats share: options, context, source sets and images."""
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Optional, Union

from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.official_counts import Counts
from segvg.annotations.readers.field_checks import Test, as_said, show

# codes of what is wrong with a record, each with a value that shows it
Errors = list[tuple[str, object]]
NOTHING: Mapping[str, Test] = {}


def _no_progress(items: Iterable, description: str) -> Iterable:
    return items


BOXES = ('xyxy', 'xywh', 'xyxy-inclusive')
IMAGES_ARE = ('coco', 'vg', 'saiapr', 'flickr30k', 'own')


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
        box: how boxes are stored, a name in ``BOXES``; None takes the format's rule.
        images_are: collection that counts the images, ``own`` for none; None takes the
            format's rule.
        image_name: pattern of the names of images that the source only numbers.
        apply_orientation: sizes of image files are those after turning them as the
            camera says (EXIF), for annotations of upright pictures.
        columns: what own data call their columns or fields: key -> name.
        text_field: the column or field of own data that is the sentence.
        split: the split of all records of own data; None takes what they say.
        sentences: table of sentences of annotations (COCO).
        encoding: of text files of own data; None is UTF-8, or their byte order mark's.
        join_texts: equal sentences of an image are one, about all their objects.
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
    box: Optional[str] = None
    images_are: Optional[str] = None
    image_name: Optional[str] = None
    apply_orientation: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)
    text_field: Optional[str] = None
    split: Optional[str] = None
    sentences: Optional[Path] = None
    encoding: Optional[str] = None
    join_texts: bool = False
    progress: Callable[[Iterable, str], Iterable] = _no_progress


class Context(NamedTuple):
    """Where a reader is: how it reads, and what a finding is reported with.

    Attributes:
        report: takes the findings.
        options: how to read.
        place: the file or the part of it that is being read.
        ids: ``image_id``, ``ref_id``, ``expr_id`` of the record, as far as known.
    """

    report: Report
    options: ReadOptions
    place: Place = Place('')
    ids: Mapping[str, object] = {}

    @property
    def is_fast(self) -> bool:
        """Whether more is checked than what a line cannot be written without."""
        return self.options.check >= Check.FAST

    def at(self, part: str) -> 'Context':
        """The context of a part, such as ``.bbox`` or ``[2]``."""
        return self._replace(place=self.place.child(part))

    def at_file(self, path: Path, root: Path) -> 'Context':
        """The context of a file, named from the root of its source."""
        return self._replace(place=Place(path.relative_to(root).as_posix()))

    def with_ids(self, **ids: object) -> 'Context':
        """The same context with further ids, or with other ones."""
        return self._replace(ids={**self.ids, **ids})

    def note(self, code: str, value: object = None) -> None:
        """Report what costs nothing."""
        self.report.add(code, self.place, 'keep', value=value, **self.ids)

    def skip(self, errors: Errors, action: str = 'skip') -> None:
        """Report what costs the record, or with another action a part of it."""
        for code, value in errors:
            self.report.add(code, self.place, action, value=value, **self.ids)

    def fields(self, record: object, required: Mapping[str, Test],
               optional: Mapping[str, Test] = NOTHING) -> tuple[dict, Errors]:
        """The usable fields of a record, and what is wrong with those it must have.

        Numbers that are written as text are numbers (``as_said``). A field that can be
        done without and has another type is reported here and left out. What is wrong
        with the others is for the caller to report, at the record that they cost.
        """
        if not isinstance(record, dict):
            kind = type(record).__name__
            return {}, [('bad_type', f'{kind}, an object is expected')]
        fields: dict = {}
        errors: Errors = []
        for name, test in required.items():
            if name not in record:
                errors.append(('missing_field', name))
                continue
            fields[name] = as_said(record[name], test)
            if not test(fields[name]):
                del fields[name]
                errors.append(('bad_type', f'{name}: {show(record[name])}'))
        for name, test in optional.items():
            if name in record:
                fields[name] = as_said(record[name], test)
                if not test(fields[name]):
                    del fields[name]
                    self.at(f'.{name}').note('bad_type', show(record[name]))
        return fields, errors


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
        written: splits that were written, once converted.
        facts: split -> more to say of it in the meta file, once read.
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
        self.written: set[str] = set()
        self.facts: dict[str, dict] = {}

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
        size: w and h as stored, to compare the area with; None takes those of ``bbox``.
        segm: mask as the source stores it.
        mask_place: where the mask stands; None when it is a part of the object.
        has_mask: whether the format has masks at all.
        referred: whether an expression names it.
    """

    id: object
    bbox: Optional[list[float]]
    size: Optional[tuple[float, float]] = None
    category_id: Union[int, str, None] = None
    iscrowd: int = 0
    area: Optional[float] = None
    segm: object = None
    mask_place: Optional[Place] = None
    has_mask: bool = True
    referred: bool = True
