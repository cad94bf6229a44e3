"""YOLO: a text file for each image, a line for each object, classes as sentences."""
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Optional

from segvg.annotations.checks import Place
from segvg.annotations.files.errors import AnnotationFileError, checked_file
from segvg.annotations.readers.base import Context, ReadOptions, SourceSet
from segvg.annotations.readers.field_checks import is_int, is_text, show
from segvg.annotations.readers.images import USUAL_DIRS
from segvg.annotations.readers.own.names import (
    ANNOTATION_FOLDERS,
    safe_name,
    split_of_path,
    without_annotation_folder,
)
from segvg.annotations.readers.own.records import (
    OwnImage,
    OwnObject,
    OwnSentence,
    Shape,
)
from segvg.annotations.readers.own.sets import OwnSet
from segvg.annotations.readers.own.tables import read_text
from segvg.utils.safe_yaml import read_yaml

CLASS_FILES = ('classes.txt', 'obj.names', 'names.txt')
YAML_FILES = ('data.yaml', 'data.yml', 'dataset.yaml', 'dataset.yml')
YAML_LIMIT = 1 << 18  # bytes: of lists of single letters these take 6 seconds
ENDINGS = ('.jpg', '.jpeg', '.png', '.JPG', '.JPEG', '.PNG', '.bmp', '.webp', '.tif',
           '.tiff')
TOLERANCE = 0.005  # shares of the image; rounding may end a little outside
BOX_NUMBERS, LEAST_POINTS = 4, 3
NUMBER = re.compile(r'[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?')


def find_yolo_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per folder: its text files, and those of its subfolders."""
    sets: list[SourceSet] = []
    for source in sources:
        if not source.is_dir():
            raise FileNotFoundError(f'folder {source} does not exist; yolo reads the '
                                    'folder that holds labels, and data.yaml or '
                                    'classes.txt')
        names_file = _find_names(source)
        files = [path for path in sorted(source.rglob('*.txt'))
                 if path != names_file and path.name not in CLASS_FILES
                 and not _is_list(path, source)]
        if not files:
            raise FileNotFoundError(f'no text files of labels in {source}')
        if options.images is None:
            raise ValueError('yolo files do not say the sizes of images: say with '
                             '--images where the images are')
        sets.append(YoloSet(options.dataset or source.resolve().name, files, source,
                            names_file))
    return sets


def _is_list(path: Path, source: Path) -> bool:
    """Whether a file is ``train.txt`` and the like, a list of images."""
    return path.parent == source and path.stem in ('train', 'val', 'valid', 'test')


def _find_names(source: Path) -> Path:
    folders = [source, source.parent, *sorted(
        source / name for name in (*ANNOTATION_FOLDERS, 'images'))]
    for name in (*YAML_FILES, *CLASS_FILES):
        for folder in folders:
            if (folder / name).is_file():
                return folder / name
    names = ' or '.join((*YAML_FILES, *CLASS_FILES))
    raise FileNotFoundError(f'{source} has no {names}, which names the classes')


class YoloSet(OwnSet):
    """The label files of a folder."""

    source_box = 'YOLO: center x, y, w, h, shares of the image'
    text_field = 'name of the class'
    text_fields = ()

    def __init__(self, name: str, files: list[Path], root: Path,
                 names_file: Path) -> None:
        super().__init__(safe_name(name), [*files, names_file], root)

    def sentences(self, ctx: Context) -> Iterator[OwnSentence]:
        """The lines of all label files; objects of a class share their sentence."""
        *labels, names_file = self.files
        names = load_class_names(names_file, ctx.options.encoding)
        self.categories = {number: name for number, name in names.items()}
        self.say(f'{len(names)} names of classes from {names_file.name}; a name is the '
                 'sentence of all objects of its class in an image')
        finder = _Images(ctx.options)
        for number, path in enumerate(ctx.options.progress(labels, self.name)):
            inside = PurePosixPath(path.relative_to(self.root).as_posix())
            split = str(split_of_path(inside.parent / '_') or '')
            image = finder.find(without_annotation_folder(inside))
            where = ctx._replace(place=Place(inside.as_posix()))
            yield from _read_labels(where, path, number, split, image, names)


def _read_labels(ctx: Context, path: Path, number: int, split: str, image: OwnImage,
                 names: dict[int, str]) -> Iterator[OwnSentence]:
    try:
        lines = read_text(path, ctx.options.encoding).splitlines()
    except AnnotationFileError as error:
        yield OwnSentence(ctx, split, None, [None], [], [(error.code, error.reason)],
                          src=(number, 0))
        return
    if not any(line.strip() for line in lines):
        ctx.note('image_without_expressions', 'no line')
    for index, line in enumerate(lines):
        if not line.strip():
            continue
        yield _read_line(ctx.at(f'line:{index + 1}'), line.split(), OwnSentence(
            ctx.at(f'line:{index + 1}'), split, image, [None], [],
            src=(number, index), joins=True), names)


def _read_line(ctx: Context, cells: list[str], record: OwnSentence,
               names: dict[int, str]) -> OwnSentence:
    """A record with its class and shape, or with what is wrong."""
    try:
        key = _class_of(cells[0], names)
        record.texts = [names[key]]
        record.objects = [OwnObject(ctx, _Relative(_numbers(cells[1:])),
                                    category_id=key)]
    except ValueError as error:
        record.errors.append(('bad_type', str(error)))
    return record


def _class_of(cell: str, names: dict[int, str]) -> int:
    if not re.fullmatch(r'\d{1,9}', cell):
        raise ValueError(f'expected the number of a class, got {cell[:80]!r}')
    if int(cell) not in names:
        raise ValueError(f'class {cell} has no name; named are {min(names)} to '
                         f'{max(names)}')
    return int(cell)


def _numbers(cells: Sequence[str]) -> list[float]:
    wrong = next((cell for cell in cells if not NUMBER.fullmatch(cell)), None)
    if wrong is not None:
        raise ValueError(f'expected a number, got {wrong[:80]!r}')
    numbers = [float(cell) for cell in cells]
    if len(numbers) == BOX_NUMBERS + 1:
        raise ValueError('5 numbers after the class: a box with its score is a '
                         'prediction, not an annotation')
    if len(numbers) != BOX_NUMBERS and (
            len(numbers) % 2 or len(numbers) < 2 * LEAST_POINTS):
        raise ValueError(f'{len(numbers)} numbers after the class, expected x, y, w, h '
                         'or the points of a polygon, three or more')
    if min(numbers) < -TOLERANCE or max(numbers) > 1 + TOLERANCE:
        raise ValueError(f'{show(numbers)}: expected shares of the image from 0 to 1; '
                         'are these pixels?')
    return numbers


class _Relative:
    """Makes the shape of numbers that are shares of the image."""

    def __init__(self, numbers: list[float]) -> None:
        self._numbers = numbers

    def __call__(self, width: int, height: int) -> Shape:
        if len(self._numbers) == BOX_NUMBERS:
            x, y, w, h = (number * side for number, side in zip(
                self._numbers, (width, height, width, height)))
            return Shape([x - w / 2, y - h / 2, x + w / 2, y + h / 2])
        polygon = [number * (height if place % 2 else width)
                   for place, number in enumerate(self._numbers)]
        xs, ys = polygon[::2], polygon[1::2]
        return Shape([min(xs), min(ys), max(xs), max(ys)], [polygon])


class _Images:
    """Finds the image of a label file, which has its name with another ending."""

    def __init__(self, options: ReadOptions) -> None:
        root = options.images
        dirs = options.image_dirs or USUAL_DIRS
        self._folders = [] if root is None else [
            root / name for name in dirs if (root / name).is_dir()]

    def find(self, label: PurePosixPath) -> OwnImage:
        """The image, with the first ending with which there is a file."""
        for name in (label, PurePosixPath(label.name)):
            for ending in ENDINGS:
                file = name.with_suffix(ending)
                if any(os.path.isfile(folder / file) for folder in self._folders):
                    return _image_of(label.with_suffix(ending))
        return _image_of(label.with_suffix(ENDINGS[0]))


def _image_of(path: PurePosixPath) -> OwnImage:
    shorter = (path.name,) if path.name != str(path) else ()
    return OwnImage(str(path), shorter=shorter, said=str(path))


def load_class_names(path: Path, encoding: Optional[str] = None) -> dict[int, str]:
    """The names of classes by their numbers, from a YAML file or a list of lines.

    Raises:
        AnnotationFileError: there are none, or they are not text.
    """
    if path.name in CLASS_FILES:
        lines = read_text(path, encoding).splitlines()
        while lines and not lines[-1].strip():
            lines.pop()
        names: Any = [line.strip() for line in lines]
    else:
        names = _load_yaml(checked_file(path, YAML_LIMIT))
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not names or not all(
            is_int(key) and key >= 0 and is_text(name) and name.strip()
            for key, name in names.items()):
        raise AnnotationFileError(path, 'expected names of classes: a list, or a name '
                                  f'for each number, got {show(names)}',
                                  code='missing_field')
    return names


def _load_yaml(path: Path) -> object:
    try:
        content = read_yaml(path.read_bytes())
    except ValueError as error:
        raise AnnotationFileError(path, str(error)) from None
    return content.get('names') if isinstance(content, dict) else content
