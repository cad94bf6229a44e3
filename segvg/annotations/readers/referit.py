"""ReferItGame on SAIAPR TC-12: regions with queries, boxes and MATLAB masks."""
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np

from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.files.mat import load_mat
from segvg.annotations.files.pickles import AnnotationFileError, load_json
from segvg.annotations.readers.base import ReadOptions, SourceObject, SourceSet
from segvg.annotations.readers.expressions import ExprCollector, SourceExpr
from segvg.annotations.readers.field_checks import (
    is_box,
    is_list,
    is_size,
    is_text,
    show,
)
from segvg.annotations.readers.images import ImageChecks, image_of
from segvg.annotations.readers.mask_files import ArrayMasks
from segvg.annotations.readers.objects import Errors, check_object
from segvg.annotations.readers.text_files import read_text_lines

FOLDERS = ('splits/referit', '')
BOXES, SIZES = 'referit_bbox.json', 'referit_imsize.json'
QUERIES, LISTS = 'referit_query_{}.json', 'referit_{}_imlist.txt'
# the later ones are unions of the first: read only when those are not there
SPLITS = (('train', 'val', 'test'), ('trainval',), ('all',))
REGION = re.compile(r'([0-9]{1,18})_[0-9]+')
VARIABLE = 'segimg_t'


class Layout(NamedTuple):
    """Where the files of a set are, and the splits that it has."""

    root: Path
    folder: Path
    splits: list[str]


def find_referit_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per folder that holds ``splits/referit``, or is that folder."""
    sets = []
    for source in sources:
        folder = next((source / name for name in FOLDERS
                       if (source / name / BOXES).is_file()), source)
        splits = next(filter(None, (
            [split for split in group if (folder / QUERIES.format(split)).is_file()]
            for group in SPLITS)), [])
        missing = [name for name in (BOXES, SIZES) if not (folder / name).is_file()]
        missing += [] if splits else [QUERIES.format('<split>')]
        if missing:
            raise FileNotFoundError(f'there is no {", no ".join(missing)} in {source}, '
                                    f'nor in its {FOLDERS[0]}')
        sets.append(ReferitSet(Layout(source, folder, splits), options.dataset))
    return sets


class ReferitSet(SourceSet):
    """The query files of one folder, with the boxes and sizes that they share."""

    source_box = 'ReferIt: inclusive corners, 0-based'
    text_field = 'query'
    file_per_split = True

    def __init__(self, layout: Layout, name: Optional[str]) -> None:
        names = [*(QUERIES.format(split) for split in layout.splits), BOXES, SIZES]
        super().__init__(name or 'referit', 'referit', 'berkeley',
                         files=[layout.folder / file for file in names])
        self.layout = layout
        self.root = layout.root

    @property
    def mask_folder(self) -> Path:
        """Folder of the masks, above that of the splits."""
        root = self.layout.folder
        tops = (self.layout.root, root, root.parent.parent)
        return next((top / 'mask' for top in tops if (top / 'mask').is_dir()),
                    self.layout.root / 'mask')

    def place(self, path: Path) -> Place:
        """A file in the report."""
        return Place(path.relative_to(self.layout.root).as_posix())

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read the files of all splits and yield group lines."""
        reading = _Parser(self, report=report, options=options)
        for number, split in enumerate(self.layout.splits):
            path = self.files[number]
            named = set()
            queries = _load_dict(path)
            for index, (region, texts) in enumerate(
                    options.progress(list(queries.items()), path.name)):
                named.add(reading.read_region(region, texts, split, self.place(path),
                                              [number, index]))
            reading.read_list(split, named)
        if options.all_objects:
            reading.add_other_objects()
        self.image_dirs = reading.images.dirs
        yield from reading.collector.grouper.lines()


def _load_dict(path: Path) -> dict:
    content = load_json(path)
    if not isinstance(content, dict):
        raise AnnotationFileError(path, 'expected an object, got '
                                  f'{type(content).__name__}', code='bad_type')
    return content


class Region(NamedTuple):
    """A region that was checked."""

    image: Optional[dict]
    instance: Optional[dict]
    errors: Errors


class _Parser:
    """State of reading one set."""

    def __init__(self, source: ReferitSet, *, report: Report,
                 options: ReadOptions) -> None:
        self.source = source
        self.report = report
        self.options = options
        *_, boxes, sizes = source.files
        self.boxes, self.box_place = _load_dict(boxes), source.place(boxes)
        self.sizes, self.size_place = _load_dict(sizes), source.place(sizes)
        self.images = ImageChecks(report, options)
        self.image_records: dict[str, tuple[Optional[dict], Errors]] = {}
        self.masks = ArrayMasks(source.mask_folder, source.layout.root, report=report,
                                need_mask=options.need_mask, load=_load_mask)
        self.collector = ExprCollector(report, options)
        self.read: set[str] = set()
        self.splits: dict[Optional[str], set[str]] = {}  # of images, by number

    def read_region(self, name: str, texts: object, split: str, file: Place,
                    src: list[int]) -> Optional[str]:
        """Check a region and its texts, and collect those kept; its image's number."""
        place = file.child(name)
        match = REGION.fullmatch(name)
        number = match[1] if match else None
        ids = dict(image_id=f'saiapr:{int(number)}' if match else None, ref_id=name)
        texts_known = is_list(texts)
        self.source.read.add(split, ids['image_id'], len(texts) if texts_known else 1,
                             refs=1)
        self.collector.check_leak(split, place, **ids)
        self.read.add(name)
        self.splits.setdefault(number, set()).add(split)
        region = self._check_region(name, number, place, ids)
        errors = list(region.errors)
        if not match:
            errors.append(('bad_type', f'{name} is no <image>_<number>'))
        if not texts_known:
            errors.append(('bad_type', f'{show(texts)} is no list of texts'))
        elif not texts:
            errors.append(('ref_without_sentences', ''))
        for code, value in errors:
            self.report.add(code, place, 'skip', value=value, **ids)
        for index, text in enumerate(texts if texts_known else ()):
            expr = dict(id=f'{name}#{index}', ref_id=name, src=src)
            wrong = []
            if is_text(text):
                expr['text'] = text
            else:
                wrong.append(('bad_type', show(text)))
            self.collector.add(SourceExpr(
                expr, split, None if errors else region.image, [region.instance], wrong,
                place.child(f'[{index}]'), name, {**ids, 'expr_id': expr['id']}))
        return number

    def read_list(self, split: str, named: set) -> None:
        """Report images that the list of a split has, and no query."""
        path = self.source.layout.folder / LISTS.format(split)
        if not path.is_file() or self.options.check < Check.FAST:
            return
        file = self.source.place(path)
        for line in read_text_lines(path):
            name = line.text.strip()
            place = file.child(f'line:{line.number}')
            if not re.fullmatch('[0-9]{1,18}', name):
                self.report.add('bad_type', place, value=name)
            elif name not in named:
                self.report.add('image_without_expressions', place,
                                image_id=f'saiapr:{int(name)}')

    def add_other_objects(self) -> None:
        """Add the boxed regions that no query names to the lines of their images."""
        for name in self.boxes:
            match = REGION.fullmatch(name)
            if name in self.read or match is None or match[1] not in self.splits:
                continue
            place = self.box_place.child(name)
            ids = dict(image_id=f'saiapr:{int(match[1])}', ref_id=name)
            region = self._check_region(name, match[1], place, ids)
            for code, value in region.errors:
                self.report.add(code, place, 'box_dropped', value=value, **ids)
            for split in () if region.errors else self.splits[match[1]]:
                self.collector.grouper.add_object(split, region.image, region.instance)

    def _check_region(self, name: str, number: Optional[str], place: Place,
                      ids: dict) -> Region:
        errors: Errors = []
        image = None
        if number is not None:
            image, image_errors = self._find_image(number)
            errors += image_errors
        box = self.boxes.get(name)
        if name not in self.boxes:
            errors.append(('box_missing', f'{name} is not in {BOXES}'))
        elif not is_box(box):
            errors.append(('bad_type', f'{BOXES}: {show(box)}'))
        if not is_box(box):
            return Region(image, None, errors)
        x1, y1, x2, y2 = map(float, box)
        size, mask, mask_place = (math.inf, math.inf), None, None
        if image is not None:
            size = (image['width'], image['height'])
            mask, mask_place = self.masks.check(f'{name}.mat', size, place)
        instance, more = check_object(
            SourceObject(name, [x1, y1, x2 + 1, y2 + 1], self.box_place.child(name),
                         segm=mask, mask_place=mask_place or place,
                         has_mask=image is not None),
            *size, self.report, self.options, **ids)
        return Region(image, instance, errors + more)

    def _find_image(self, number: str) -> tuple[Optional[dict], Errors]:
        """The image of a group line, and what makes it useless; looked for once."""
        if number not in self.image_records:
            file = f'{number}.jpg'
            size = self.sizes.get(file)
            if file not in self.sizes:
                found = None, [('dangling_image', f'{file} is not in {SIZES}')]
            elif not (is_list(size) and len(size) == 2
                      and all(map(is_size, size))):
                found = None, [('bad_type', f'{SIZES}: {show(size)}')]
            else:
                image, missing = self.images.check(image_of(
                    file, tuple(size), self.size_place.child(file), namespace='saiapr'))
                found = image, [('image_missing', missing)] if missing else []
            self.image_records[number] = found
        return self.image_records[number]


def _load_mask(path: Path) -> np.ndarray:
    """A mask (H, W) that is True in the object, where the file has 0."""
    return load_mat(path, VARIABLE) == 0
