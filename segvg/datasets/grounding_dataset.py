"""The data set: canonical JSON lines in, one dict for each sample out."""
import copy
import logging
import os
from pathlib import Path, PurePosixPath
from typing import Any, Callable, Optional, Sequence, Union

import numpy as np
import torch
from mmengine.dataset import BaseDataset, force_full_init
from mmengine.logging import print_log

from segvg.annotations.canonical import (
    CanonicalFile,
    caption_positions,
    ref_positions,
    sample_positions,
)
from segvg.annotations.line_index import index_path
from segvg.annotations.readers.images import USUAL_DIRS
from segvg.annotations.sources import prepare_command
from segvg.datasets.image_cache import use_image_cache
from segvg.registry import DATASETS, TRANSFORMS
from segvg.structures.images import BrokenImageError
from segvg.utils.seeding import seeded

Box = list[float]  # x1, y1, x2, y2


def _image_positions(line: dict) -> list[list[int]]:
    positions = sample_positions(line)
    return [positions] if positions else []


def truncate_xywh(box: Box) -> Box:
    """The box whose x, y, w and h were cut to integers before they were added up."""
    # x + w - x is not w to the last bit: (3.1 - 0.1) must not become 2.
    x, y, w, h = (int(round(value, 9)) for value in (
        box[0], box[1], box[2] - box[0], box[3] - box[1]))
    return [float(x), float(y), float(x + w), float(y + h)]


def inclusive_corners(box: Box) -> Box:
    """The box whose far corner is the last pixel inside."""
    return [box[0], box[1], box[2] - 1, box[3] - 1]


# box_profile -> the box as published readers saw it
BOX_PROFILES: dict[str, Callable[[Box], Box]] = dict(
    truncate_xywh=truncate_xywh, inclusive_corners=inclusive_corners)

# sample_by -> the samples of a line, each a list of positions in line['exprs']
SAMPLES_OF_LINE: dict[str, Callable[[dict], list[list[int]]]] = dict(
    expression=lambda line: [[i] for i in sample_positions(line)],
    ref=ref_positions,
    image=_image_positions,
    caption=lambda line: [[i] for i in caption_positions(line)])

# argument of the data set -> whether it keeps an expression of a line
FILTERS: dict[str, Callable[[dict], bool]] = dict(
    only_reviewed=lambda expr: expr.get('reviewed_ok') is True,
    only_single_target=lambda expr: len(expr['targets']) == 1)

NAMES_SHOWN = 5
#: Fields of an expression: its part of the data set, and what a false one is made of.
PARTS = ('source', 'negative_of')


@DATASETS.register_module()
class GroundingDataset(BaseDataset):
    """Samples of one canonical JSONL file, built on demand.

    Only the offset and three counts of each line are kept in memory. A sample has
    ``img_path``, ``img_id``, ``height``, ``width``, ``dataset``, ``split``,
    ``instances`` and ``expressions``; ``expressions[i]['targets']`` are indices into
    ``instances``. Boxes are xyxy in pixels of the image, half-open and not clipped.

    Args:
        ann_file: ``<name>_<split>.jsonl``, made by ``tools/prepare_data.py``.
        data_root: joined before ``ann_file`` and the folders of ``data_prefix``.
        data_prefix: ``dict(img=...)``, the folder of the images.
        sample_by: what a sample is: ``expression``; ``ref``, all sentences of one
            object; ``image``, all expressions of an image; ``caption``, a sentence that
            has phrases.
        text_field: ``text``, as typed, or ``sent``, as cleaned by the source.
        box_profile: None, or a name in ``BOX_PROFILES``: boxes as published readers
            saw them.
        pipeline: transforms.
        test_mode: whether a sample that the pipeline refuses is an error.
        indices: use the first (last, when negative) samples only, or those listed.
        exclude_images_of: canonical files; images that are in one of them are left out,
            by the identity of the image (``annotations/image_identity.py``).
        exclude_images: names of further images that are left out, as the lines have
            them: the check before training finds copies of images of the evaluation.
        only_reviewed: keep only the expressions that somebody reviewed and found right
            (``reviewed_ok``); the file is read once to count them.
        only_single_target: keep only the expressions with exactly one target, for
            methods and metrics that support nothing else; the file is read once too.
        lazy: read lines from disk when they are needed; otherwise keep the bytes of the
            file in memory that worker processes share.
        lazy_init: open the file at the first use.
        on_broken_image: ``error``, or ``skip`` in training: an image that is missing,
            damaged or too large is warned of and counted, and another sample is taken.
        image_cache: a folder where each decoded image is stored once, for all processes
            and trainings that name it (``datasets/image_cache.py``).
        max_refetch: how often another sample is tried when the pipeline returns None.
        metainfo: as in the base class.
    """

    def __init__(self, ann_file: str, data_root: str = '',
                 data_prefix: Optional[dict] = None, *,
                 sample_by: str = 'expression', text_field: str = 'text',
                 box_profile: Optional[str] = None,
                 pipeline: Sequence[Union[dict, Callable]] = (),
                 test_mode: bool = False,
                 indices: Optional[Union[int, Sequence[int]]] = None,
                 exclude_images_of: Sequence[str] = (),
                 exclude_images: Sequence[str] = (), only_reviewed: bool = False,
                 only_single_target: bool = False, lazy: bool = True,
                 lazy_init: bool = False, on_broken_image: str = 'error',
                 image_cache: Optional[str] = None, max_refetch: int = 1000,
                 metainfo: Optional[dict] = None) -> None:
        _check_choice('sample_by', sample_by, SAMPLES_OF_LINE)
        _check_choice('text_field', text_field, ('text', 'sent'))
        _check_choice('box_profile', box_profile, (None, *BOX_PROFILES))
        _check_choice('on_broken_image', on_broken_image, ('error', 'skip'))
        if on_broken_image == 'skip' and test_mode:
            raise ValueError("on_broken_image='skip' is for training: a score counts "
                             'every sample')
        self.on_broken_image = on_broken_image
        self.broken_images: set[str] = set()  # that this process skipped
        self.sample_by = sample_by
        self.text_field = text_field
        self.box_profile = box_profile
        self.exclude_images_of = tuple(exclude_images_of)
        self.exclude_images = frozenset(exclude_images)
        self.image_cache = image_cache
        self.only_reviewed = only_reviewed
        self.only_single_target = only_single_target
        self.lazy = lazy
        self._seed: Optional[torch.Tensor] = None  # seed and epoch, if they are set
        super().__init__(
            ann_file=ann_file, metainfo=metainfo, data_root=data_root,
            data_prefix={'img': '', **(data_prefix or {})}, indices=indices,
            serialize_data=False, test_mode=test_mode, lazy_init=lazy_init,
            max_refetch=max_refetch, pipeline=[
                TRANSFORMS.build(step) if isinstance(step, dict) else step
                for step in pipeline])

    def full_init(self) -> None:
        """Open the annotation file and count its samples, at the first call."""
        if self._fully_initialized:
            return
        if not Path(self.ann_file).is_file():
            raise FileNotFoundError(
                f'annotation file {self.ann_file} does not exist; it is made by\n'
                f'  {prepare_command(self.ann_file)}\n'
                'data/README.md says where the source files come from')
        self.lines = CanonicalFile(self.ann_file, lazy=self.lazy)
        self._real_folders: dict[Path, Optional[Path]] = {}  # None: out of the root
        counts = np.where(self._excluded(), 0, self._count_samples())
        self._ends = np.cumsum(counts)  # (lines,), samples up to and with each line
        self._chosen: Optional[np.ndarray] = None  # all of them
        self._fully_initialized = True
        if self._indices is not None:
            self.get_subset_(self._indices)
        if len(self) == 0:
            filters = [f', {name}=True' for name in FILTERS if getattr(self, name)]
            if self.num_excluded:
                raise ValueError(
                    f'nothing is left of {self.ann_file}: {self.num_excluded:,} of '
                    f'its {len(self.lines):,} images are left out, because they are in '
                    f'{", ".join(map(str, self.exclude_images_of))}. Images of the '
                    'evaluation are not trained on; exclude_protected=False of the '
                    'config keeps them')
            raise ValueError(f'{self.ann_file} has no sample for '
                             f'sample_by={self.sample_by!r}{"".join(filters)}')
        if self.image_cache is not None and self.pipeline.transforms:
            cache = use_image_cache(self.image_cache, self.pipeline.transforms)
            lines = np.unique(self._line_numbers())
            print_log(cache.plan(self.lines.image_sizes()[lines]), logger='current')

    def _count_samples(self) -> np.ndarray:
        """Number of samples (lines,) int64 of each line."""
        if self._is_filtered():
            return np.array([len(self._samples(line)) for line in self.lines],
                            dtype=np.int64)
        samples, refs, captions = self.lines.counts.T
        return dict(expression=samples, ref=refs, image=samples.clip(max=1),
                    caption=captions)[self.sample_by]

    def _samples(self, line: dict) -> list[list[int]]:
        """The samples of a line, each a list of positions in ``line['exprs']``."""
        samples = SAMPLES_OF_LINE[self.sample_by](line)
        for name in FILTERS:
            if getattr(self, name):
                kept = ([i for i in sample if FILTERS[name](line['exprs'][i])]
                        for sample in samples)
                samples = [sample for sample in kept if sample]
        return samples

    def _is_filtered(self) -> bool:
        return any(getattr(self, name) for name in FILTERS)

    @force_full_init
    def image_sizes(self) -> np.ndarray:
        """Width and height (samples, 2) of the image of each sample."""
        return self.lines.image_sizes()[self._line_numbers()]

    @force_full_init
    def expression_counts(self) -> np.ndarray:
        """Number of expressions (samples,) of each sample."""
        if self.sample_by in ('expression', 'caption'):
            return np.ones(len(self), dtype=np.int64)
        if self.sample_by == 'image' and not self._is_filtered():
            return self.lines.counts[self._line_numbers(), 0]
        return np.array([len(self.get_data_info(i)['expressions'])
                         for i in range(len(self))], dtype=np.int64)

    def _line_numbers(self) -> np.ndarray:
        """The line (samples,) of each sample."""
        chosen = np.arange(len(self)) if self._chosen is None else self._chosen
        return np.searchsorted(self._ends, chosen, side='right')

    def _excluded(self) -> np.ndarray:
        """Which lines (lines,) bool are of an image that is to be left out; say so."""
        excluded = np.zeros(len(self.lines), dtype=bool)
        for path in self.exclude_images_of:
            found = np.isin(self.lines.image_numbers, CanonicalFile(path).image_numbers)
            if found.any():
                print_log(
                    f'{self.ann_file}: {found.sum():,} of {len(found):,} images '
                    f'({100 * found.mean():.1f} %) are left out of training, they are '
                    f'in {path}', logger='current', level=logging.WARNING)
            excluded |= found
        if self.exclude_images:
            found = np.array([line['image']['file'] in self.exclude_images
                              for line in self.lines])
            print_log(
                f'{self.ann_file}: {found.sum():,} of {len(found):,} images '
                f'({100 * found.mean():.1f} %) are left out of training, they are '
                'copies of images of the evaluation: '
                f'{", ".join(sorted(self.exclude_images)[:NAMES_SHOWN])}',
                logger='current', level=logging.WARNING)
            excluded |= found
        self.num_excluded = int(excluded.sum())
        return excluded

    def seed_samples(self, seed: int, epoch: int) -> None:
        """Make the random choices of a sample depend on (seed, epoch, index) alone.

        Without this they depend on the generators of the process. Worker processes that
        run already use a new seed too, if this was called once before they started.
        """
        if self._seed is None:
            self._seed = torch.zeros(2, dtype=torch.int64).share_memory_()
        self._seed.copy_(torch.tensor([seed, epoch]))

    def __getitem__(self, idx: int) -> Any:
        if self._seed is None:
            return self._sample_at(idx)
        with seeded(*self._seed.tolist(), int(idx)):
            return self._sample_at(idx)

    def _sample_at(self, idx: int) -> Any:
        """Return a sample, or one at random in place of a skipped one.

        Raises:
            BrokenImageError: one image after the other was skipped.
        """
        try:
            return super().__getitem__(idx)
        except Exception as error:
            # mmengine raises no type of its own when its attempts are used up
            if type(error) is not Exception or not self.broken_images:
                raise
            raise BrokenImageError(
                f'no image of {self.ann_file} can be read: {self.max_refetch + 1:,} '
                f'samples were tried, {len(self.broken_images):,} images were skipped, '
                f'such as {min(self.broken_images)}') from error

    @force_full_init
    def __len__(self) -> int:
        return int(self._ends[-1]) if self._chosen is None else len(self._chosen)

    @force_full_init
    def get_subset_(self, indices: Union[int, Sequence[int]]) -> None:
        """Keep the first or last samples, or those listed."""
        if isinstance(indices, int):
            keep = slice(indices) if indices >= 0 else slice(indices, None)
        else:
            keep = np.asarray(indices, dtype=np.int64)
        chosen = np.arange(len(self)) if self._chosen is None else self._chosen
        self._chosen = chosen[keep]

    def get_subset(self, indices: Union[int, Sequence[int]]) -> 'GroundingDataset':
        """A copy that has the first or last samples only, or those listed."""
        subset = copy.copy(self)
        subset.get_subset_(indices)
        return subset

    @force_full_init
    def get_data_info(self, idx: int) -> dict:
        """The record of a sample; every call builds a new one."""
        idx = range(len(self))[idx]
        sample = idx if self._chosen is None else int(self._chosen[idx])
        number = int(np.searchsorted(self._ends, sample, side='right'))
        line = self.lines[number]
        first = int(self._ends[number - 1]) if number else 0
        samples = self._samples(line)
        if sample - first >= len(samples):
            raise ValueError(
                f'{self.ann_file}, line {number + 1} has {len(samples)} samples, its '
                f'index says more: remove {index_path(self.ann_file)}')
        positions = samples[sample - first]
        order, instances = self._instances(line, positions)
        expressions = [self._expression(line, number, i, order) for i in positions]
        image = line['image']
        return dict(img_path=self._image_path(image), img_id=image['id'],
                    height=image['height'], width=image['width'],
                    dataset=self.lines.name, split=self.lines.split, sample_idx=idx,
                    instances=instances, expressions=expressions)

    def prepare_data(self, idx: int) -> Optional[dict]:
        """Return a sample as it leaves the pipeline; None: its image was skipped.

        Raises:
            BrokenImageError: the image cannot be read, and is not to be skipped.
        """
        try:
            return super().prepare_data(idx)
        except BrokenImageError as error:
            message = f'{error} (sample {idx} of {self.ann_file})'
            if self.on_broken_image == 'error':
                advice = ('' if self.test_mode else
                          "; on_broken_image='skip' of the data set leaves it out")
                raise type(error)(message + advice) from error
            path = self.get_data_info(idx)['img_path']
            if path not in self.broken_images:
                self.broken_images.add(path)
                print_log(f'skipped: {message}; {len(self.broken_images)} images '
                          'skipped so far', logger='current', level=logging.WARNING)
            return None

    def _instances(self, line: dict,
                   positions: list[int]) -> tuple[dict[int, int], list[dict]]:
        """The instances of a sample, and for each index in the line its index here."""
        if self.sample_by == 'image':
            used = range(len(line['instances']))
        else:
            exprs = [line['exprs'][i] for i in positions]
            used = {target: None for expr in exprs for part in (
                expr, *(self._phrases(expr) or ())) for target in part['targets']}
        order = {target: index for index, target in enumerate(used)}
        return order, [self._instance(line['instances'][i]) for i in order]

    def _instance(self, instance: dict) -> dict:
        bbox, mask = instance['bbox'], instance.get('segm')
        if bbox is not None:
            profile = BOX_PROFILES.get(self.box_profile, list)
            bbox = [float(value) for value in profile(bbox)]
        if mask and 'file' in mask:
            mask = {'file': str(self._inside(Path(self.ann_file).parent, mask['file']))}
        return dict(bbox=bbox, mask=mask, ann_id=instance['id'], bbox_label=0,
                    category_id=instance.get('category_id'),
                    ignore_flag=instance.get('iscrowd', 0))

    def _expression(self, line: dict, number: int, position: int,
                    order: dict[int, int]) -> dict:
        expr = line['exprs'][position]
        text = expr.get('sent', expr['text']) if self.text_field == 'sent' else None
        phrases = self._phrases(expr)
        if phrases and text not in (None, expr['text']):
            raise ValueError(
                f"text_field='sent', but the phrases of expression {expr['id']!r} in "
                f"{self.ann_file}, line {number + 1} are spans of its 'text'")
        if not is_text(expr['text'] if text is None else text):
            raise ValueError(f"{self.ann_file}, line {number + 1}: the text of "
                             f"expression {expr['id']!r} has half a surrogate pair, "
                             'which no tokenizer reads')
        if phrases is not None:
            phrases = [{**phrase, 'targets': [order[i] for i in phrase['targets']]}
                       for phrase in phrases]
        return dict(text=expr['text'] if text is None else text, expr_id=expr['id'],
                    ref_id=expr.get('ref_id'),
                    expr_idx=int(self.lines.expr_starts[number]) + position,
                    targets=[order[i] for i in expr['targets']],
                    no_target=not expr['targets'] and not expr.get('caption'),
                    phrases=phrases,
                    **{key: expr[key] for key in PARTS if key in expr})

    def _phrases(self, expr: dict) -> Optional[list[dict]]:
        """The phrases of an expression; those of landmarks are for captions only.

        Elsewhere what an expression is related to must not count as its target.
        """
        phrases, targets = expr.get('phrases'), set(expr['targets'])
        if phrases is None or self.sample_by == 'caption' or expr.get('caption'):
            return phrases
        return [phrase for phrase in phrases if targets.issuperset(phrase['targets'])]

    def _image_path(self, image: dict) -> str:
        """The first of the image's names that exists, else its main name."""
        root = Path(self.data_prefix['img'])
        paths = [self._inside(root, name)
                 for name in (image['file'], *image.get('alt', ()))]
        return str(next((path for path in paths if os.path.exists(path)), paths[0]))

    def _inside(self, root: Path, name: str) -> Path:
        """Join a name of the annotation to a folder that it may not leave.

        A link may not leave it either, except those of the usual image folders.
        """
        parts = PurePosixPath(name)
        path = root / parts
        if parts.is_absolute() or '..' in parts.parts or not is_text(name):
            raise ValueError(f'{self.ann_file} names the file {name!r}, which is not '
                             f'below {root}')
        if path.parent not in self._real_folders:
            real = path.parent.resolve()
            is_usual = parts.parent.as_posix() in USUAL_DIRS
            self._real_folders[path.parent] = real if is_usual or (
                real.is_relative_to(root.resolve())) else None
        folder = self._real_folders[path.parent]
        if folder is None or (path.is_symlink() and not path.resolve().is_relative_to(
                folder if parts.parent.as_posix() in USUAL_DIRS else root.resolve())):
            raise ValueError(f'{self.ann_file} names the file {name!r}, which a link '
                             f'takes out of {root}; set data_prefix to where it is')
        return path


def is_text(value: str) -> bool:
    """Whether a string can be written as UTF-8: half a surrogate pair cannot."""
    try:
        value.encode('utf-8')
    except UnicodeEncodeError:
        return False
    return True


def _check_choice(name: str, value: object, choices: Sequence) -> None:
    if value not in choices:
        raise ValueError(f'{name} is one of {", ".join(map(repr, choices))}, '
                         f'not {value!r}')
