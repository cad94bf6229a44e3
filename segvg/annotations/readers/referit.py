"""ReferItGame on SAIAPR TC-12: regions with queries, boxes and MATLAB masks."""
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np

from segvg.annotations.checks import Report
from segvg.annotations.files.mat import load_mat
from segvg.annotations.readers.base import (
    Context,
    Errors,
    ReadOptions,
    SourceObject,
    SourceSet,
)
from segvg.annotations.readers.expressions import ExprCollector, FoundExpr
from segvg.annotations.readers.field_checks import is_box, is_size, show
from segvg.annotations.readers.images import ImageChecks, image_of, numbered_id
from segvg.annotations.readers.objects import ArrayMasks, checked_object
from segvg.annotations.readers.source_files import load_as, read_text_lines
from segvg.annotations.readers.splits import SPLIT_ALIASES, split_of_file

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


def names_of(split: str) -> list[str]:
    """A split's name, and what else it is called."""
    return [split, *(name for name, known in SPLIT_ALIASES.items() if known == split)]


def find_referit_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per folder that holds ``splits/referit``, or is that folder."""
    sets: list[SourceSet] = []
    for source in sources:
        folder = next((source / name for name in FOLDERS
                       if (source / name / BOXES).is_file()), source)
        splits = next(filter(None, (
            [name for split in group for name in names_of(split)
             if (folder / QUERIES.format(name)).is_file()]
            for group in SPLITS)), [])
        missing = [name for name in (BOXES, SIZES) if not (folder / name).is_file()]
        missing += [] if splits else [QUERIES.format('<split>')]
        if missing:
            raise FileNotFoundError(f'{source} has no {", no ".join(missing)}, '
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

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read the files of all splits and yield group lines."""
        ctx = Context(report, options)
        parser = _Parser(self, ctx)
        for number, name in enumerate(self.layout.splits):
            path = self.files[number]
            file = ctx.at_file(path, self.root)
            split = split_of_file(file, name, None) or name
            queries = list(load_as(dict, path).items())
            named = {parser.read_region(file, region, texts, split, [number, index])
                     for index, (region, texts) in enumerate(
                         options.progress(queries, path.name))}
            parser.read_list(name, named)
        if options.all_objects:
            parser.add_other_objects()
        self.image_dirs = parser.images.dirs
        yield from parser.collector.lines()


class Region(NamedTuple):
    """A region that was checked."""

    image: Optional[dict]
    instance: Optional[dict]
    errors: Errors


class _Parser:
    """State of reading one set."""

    def __init__(self, source: ReferitSet, ctx: Context) -> None:
        self.source = source
        self.ctx = ctx
        *_, boxes, sizes = source.files
        self.boxes, self.sizes = load_as(dict, boxes), load_as(dict, sizes)
        self.box_file = ctx.at_file(boxes, source.root)
        self.size_file = ctx.at_file(sizes, source.root)
        self.images = ImageChecks(ctx)
        self.image_records: dict[str, tuple[Optional[dict], Errors]] = {}
        self.masks = ArrayMasks(ctx, source.mask_folder, source.root, load=_load_mask)
        self.collector = ExprCollector()
        self.read: set[str] = set()
        self.splits: dict[str, set[str]] = {}  # of images, by number

    def read_region(self, ctx: Context, name: str, texts: object, split: str,
                    src: list[int]) -> Optional[str]:
        """Check a region and its texts, and collect those kept; its image's number."""
        ctx, number = self._region_context(ctx.at(name), name)
        listed = texts if isinstance(texts, list) else None
        self.source.read.add(split, ctx.ids['image_id'],
                             1 if listed is None else len(listed), refs=1)
        self.collector.check_leak(ctx, split)
        self.read.add(name)
        if number is not None:
            self.splits.setdefault(number, set()).add(split)
        region = self._check_region(ctx, name, number)
        errors = region.errors
        if number is None:
            errors.append(('bad_type', f'{name} is not <image>_<number>'))
        if listed is None:
            errors.append(('bad_type', f'{show(texts)}, a list of texts is expected'))
        elif not listed:
            errors.append(('ref_without_sentences', ''))
        ctx.skip(errors)
        for index, text in enumerate(listed or ()):
            expr = dict(id=f'{name}#{index}', ref_id=name, src=src, text=text)
            self.collector.add(FoundExpr(
                ctx.at(f'[{index}]').with_ids(expr_id=expr['id']), expr, split,
                None if errors else region.image,
                [region.instance] if region.instance else [], [], scope=name))
        return number

    def read_list(self, split: str, named: set[Optional[str]]) -> None:
        """Report images that the list of a split has, and no query."""
        path = self.source.layout.folder / LISTS.format(split)
        if not path.is_file() or not self.ctx.is_fast:
            return
        file = self.ctx.at_file(path, self.source.root)
        for line in read_text_lines(path):
            name, ctx = line.text.strip(), file.at(f'line:{line.number}')
            if not re.fullmatch('[0-9]{1,18}', name):
                ctx.note('bad_type', name)
            elif name not in named:
                ctx.with_ids(image_id=self._image_id(name)).note(
                    'image_without_expressions')

    def add_other_objects(self) -> None:
        """Add the boxed regions that no query names to the lines of their images."""
        for name in self.boxes:
            ctx, number = self._region_context(self.box_file.at(name), name)
            if name in self.read or number not in self.splits:
                continue
            image, instance, errors = self._check_region(ctx, name, number)
            ctx.skip(errors, 'box_dropped')
            if image is not None and instance is not None and not errors:
                for split in self.splits[number]:
                    self.collector.add_object(split, image, instance)

    def _image_id(self, number: str) -> str:
        return numbered_id(number, 'saiapr', self.ctx.options.images_are)

    def _region_context(self, ctx: Context, name: str) -> tuple[Context, Optional[str]]:
        """The context of a region, and the number of its image if the name gives it."""
        match = REGION.fullmatch(name)
        image_id = self._image_id(match[1]) if match else None
        return ctx.with_ids(image_id=image_id, ref_id=name), match and match[1]

    def _check_region(self, ctx: Context, name: str, number: Optional[str]) -> Region:
        errors: Errors = []
        image = None
        if number is not None:
            image, image_errors = self._find_image(number)
            errors += image_errors
        box = self.boxes.get(name, ())
        if not is_box(box):
            errors.append(('bad_type', f'{BOXES}: {show(box)}') if name in self.boxes
                          else ('box_missing', f'{name} is not in {BOXES}'))
            return Region(image, None, errors)
        mask, mask_place = None, None
        if image is not None:
            mask, mask_place = self.masks.check(ctx, f'{name}.mat', image)
        x1, y1, x2, y2 = map(float, box)
        instance, wrong = checked_object(
            self.box_file.at(name)._replace(ids=ctx.ids),
            SourceObject(name, [x1, y1, x2 + 1, y2 + 1], segm=mask,
                         mask_place=mask_place or ctx.place), image)
        return Region(image, instance, errors + wrong)

    def _find_image(self, number: str) -> tuple[Optional[dict], Errors]:
        """The image of a group line, and what makes it useless; looked for once."""
        if number not in self.image_records:
            self.image_records[number] = self._check_image(f'{number}.jpg')
        return self.image_records[number]

    def _check_image(self, file: str) -> tuple[Optional[dict], Errors]:
        if file not in self.sizes:
            return None, [('dangling_image', f'{file} is not in {SIZES}')]
        size = self.sizes[file]
        if not (isinstance(size, list) and len(size) == 2 and all(map(is_size, size))):
            return None, [('bad_type', f'{SIZES}: {show(size)}')]
        place = self.size_file.at(file).place
        return self.images.find(image_of(
            file, (size[0], size[1]), place, namespace='saiapr',
            images_are=self.ctx.options.images_are))


def _load_mask(path: Path) -> np.ndarray:
    """A mask (H, W) that is True in the object, where the file has 0."""
    return load_mat(path, VARIABLE) == 0
