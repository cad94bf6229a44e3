"""Pascal VOC: an XML file for each image; names of objects as sentences."""
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Optional
from xml.etree.ElementTree import Element

from segvg.annotations.checks import Place
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.files.xml import load_xml
from segvg.annotations.readers.base import Context, Errors, ReadOptions, SourceSet
from segvg.annotations.readers.field_checks import MAX_SIDE, show
from segvg.annotations.readers.objects import corners
from segvg.annotations.readers.own.csv_rows import BOXES
from segvg.annotations.readers.own.names import (
    named_image,
    safe_name,
    split_of_path,
    without_annotation_folder,
)
from segvg.annotations.readers.own.records import (
    OwnImage,
    OwnObject,
    OwnSentence,
    exactly,
)
from segvg.annotations.readers.own.sets import OwnSet
from segvg.annotations.readers.own.tables import read_text
from segvg.annotations.readers.source_files import find_files

CORNERS = ('xmin', 'ymin', 'xmax', 'ymax')
SPLIT_LISTS = 'ImageSets/Main'  # <split>.txt there lists the images of a split
NUMBER = re.compile(r'[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?')


def find_voc_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per folder: its XML files, and those of its subfolders."""
    sets: list[SourceSet] = []
    for source in sources:
        files = find_files(source, '**/*.xml')
        if not files:
            raise FileNotFoundError(f'no *.xml in {source} or its subfolders')
        root = source.parent if source.is_file() else source
        sets.append(VocSet(options.dataset or root.resolve().name, files, root))
    return sets


class VocSet(OwnSet):
    """The files of a folder."""

    def __init__(self, name: str, files: list[Path], root: Path) -> None:
        super().__init__(safe_name(name), files, root)
        self.source_box = self.text_field = ''

    def sentences(self, ctx: Context) -> Iterator[OwnSentence]:
        """The objects of all files; those of one name share their sentence."""
        stored = ctx.options.box
        self.text_field = ctx.options.text_field or 'name'
        self.source_box = f'VOC: {stored or "xyxy, 1-based, last pixel inside"}'
        self.say(f'boxes are read as {BOXES[stored]}, counted from 0' if stored else
                 'boxes are read as VOC defines them: counted from 1, xmax and ymax '
                 'are the last pixel inside; for files that count from 0: --box xyxy '
                 'or xyxy-inclusive')
        splits = _split_lists(self.root, ctx.options.encoding)
        for number, path in enumerate(ctx.options.progress(self.files, self.name)):
            inside = PurePosixPath(path.relative_to(self.root).as_posix())
            split = splits.get(path.stem) or split_of_path(inside.parent / '_') or ''
            yield from _read_file(ctx._replace(place=Place(inside.as_posix())), path,
                                  number, split, self.text_field)


def _split_lists(root: Path, encoding: Optional[str]) -> dict[str, str]:
    """The splits of images, by name without ending, of train.txt, val.txt, test.txt."""
    splits: dict[str, str] = {}
    for split in ('train', 'val', 'test'):
        path = root / SPLIT_LISTS / f'{split}.txt'
        lines = read_text(path, encoding).splitlines() if path.is_file() else []
        for name in [line.split()[0] for line in lines if line.strip()]:
            if splits.setdefault(name, split) != split:
                raise AnnotationFileError(path, f'{name} is also in {splits[name]}.txt')
    return splits


def _read_file(ctx: Context, path: Path, number: int, split: str,
               text_field: str) -> Iterator[OwnSentence]:
    try:
        root = load_xml(path)
    except AnnotationFileError as error:
        yield OwnSentence(ctx, split, None, [None], [], [(error.code, error.reason)],
                          src=(number, 0))
        return
    errors: Errors = []
    if root.tag != 'annotation':
        errors.append(('bad_type', f'<{root.tag}>, expected <annotation>'))
    image = _image(root, PurePosixPath(ctx.place.file), errors)
    objects = root.findall('object')
    if errors and not objects:
        yield OwnSentence(ctx, split, None, [None], [], errors, src=(number, 0))
    elif not objects:
        ctx.note('image_without_expressions')
    for index, item in enumerate(objects):
        where = ctx.at(f'object[{index}]')
        wrong = list(errors)
        texts: list = [_text(found) for found in item.findall(text_field)]
        if not texts:
            texts = [None]
            wrong.append(('missing_field', f'<{text_field}>, the sentence'))
        box = _box(item, ctx.options.box, wrong)
        extra = {found.tag: _text(found) for found in item
                 if found.tag != text_field and not len(found) and _text(found)}
        yield OwnSentence(where, split, image, texts, [] if box is None else [
            OwnObject(where, exactly(box))], wrong, extra, (number, index), True)


def _text(element: Optional[Element]) -> str:
    return '' if element is None or element.text is None else element.text.strip()


def _image(root: Element, place: PurePosixPath, errors: Errors) -> Optional[OwnImage]:
    name = _text(root.find('filename'))
    if not name:
        errors.append(('missing_field', '<filename>, the name of the image'))
        return None
    size = [_size(_text(root.find(f'size/{side}'))) for side in ('width', 'height')]
    folder = without_annotation_folder(place.parent).as_posix()
    return named_image('' if folder == '.' else folder, name, *(
        size if None not in size else (None, None)))


def _size(text: str) -> Optional[int]:
    """A side of the image; None where the file has none, or 0, as some tools write."""
    value = float(text) if NUMBER.fullmatch(text) else 0.0
    return int(value) if 0 < value <= MAX_SIDE and value.is_integer() else None


def _box(item: Element, stored: Optional[str],
         errors: Errors) -> Optional[list[float]]:
    boxes = item.findall('bndbox')
    if len(boxes) != 1:
        errors.append(('box_missing', f'{len(boxes)} <bndbox>, expected one'))
        return None
    cells = [_text(boxes[0].find(name)) for name in CORNERS]
    if not all(NUMBER.fullmatch(cell) for cell in cells):
        errors.append(('bad_type', f'bndbox: {show(cells)}, expected numbers '
                       f'{", ".join(CORNERS)}'))
        return None
    box = [float(cell) for cell in cells]
    if stored is not None:
        return corners(box, stored)
    x1, y1, x2, y2 = box
    return [x1 - 1, y1 - 1, x2, y2]
