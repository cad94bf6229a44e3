"""The sentences of an instances file, as a data set that can be converted."""
from bisect import bisect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate, count
from pathlib import Path
from typing import Optional

from segvg.annotations.checks import Place, Report
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers.base import Context, ReadOptions, SourceSet
from segvg.annotations.readers.coco_instances import CocoInstances
from segvg.synthref.photographs.guesses import Guesses
from segvg.synthref.photographs.kinds import (
    KINDS,
    Candidate,
    PhotoSentences,
    choose,
    draw,
)
from segvg.synthref.photographs.photos import Photo, Vocabulary, read_photos

_TRIES = 20          # for a sentence that names nothing of an image


@dataclass(frozen=True)
class Choices:
    """What to ask.

    Attributes:
        kinds: some of ``KINDS``.
        seed: of all that is drawn.
        min_area: share of the image; smaller objects are no targets.
        most: sentences with targets of an image.
        none_share: share of the sentences that have no target, about.
        split: name of the split.
        val_share: share of the images that is ``val`` instead.
        spoken: what categories are called instead of their names.
        partial: names of categories whose objects are not all marked.
    """

    kinds: tuple[str, ...] = tuple(KINDS)
    seed: int = 0
    min_area: float = 0.01
    most: int = 8
    none_share: float = 0.15
    split: str = 'train'
    val_share: float = 0.0
    spoken: Mapping[str, str] = field(default_factory=dict)
    partial: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for kind in self.kinds:
            if kind not in KINDS:
                raise ValueError(f'{kind!r} is not a kind of sentences; there are '
                                 f'{", ".join(KINDS)}')
        for name in ('min_area', 'none_share', 'val_share'):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f'{name} is {getattr(self, name)}, expected a share '
                                 'from 0 to below 1')
        if self.most < 1:
            raise ValueError(f'{self.most} sentences an image, expected 1 or more')

    def split_of(self, image_id: str) -> str:
        """Return the split of an image."""
        is_val = draw(self.seed, 'split', image_id) < self.val_share
        return 'val' if is_val else self.split


class PhotoExpressions(SourceSet):
    """Sentences made from an instances file.

    Args:
        path: the file, in COCO's form.
        name: of the data set.
        choices: what to ask.
    """

    source_box = 'xywh'
    text_field = 'made from the annotation'
    file_per_split = True

    def __init__(self, path: Path, name: str, choices: Choices) -> None:
        super().__init__(name, name, None, files=[path])
        self.choices = choices
        self.unspoken: list[str] = []

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Yield the group lines of all photographs that have a sentence."""
        path, = self.files
        instances = CocoInstances(Context(report, options, Place(path.name)), path)
        self.categories = instances.categories
        vocabulary = Vocabulary(instances.categories, instances.supercategories,
                                self.choices.spoken, self.choices.partial)
        self.unspoken = vocabulary.unspoken
        if not vocabulary.nouns:
            raise AnnotationFileError(
                path, 'no category has a name of which a sentence could be made',
                code='missing_field')
        asked = []
        for photo in read_photos(instances, vocabulary, self.choices.min_area):
            found = PhotoSentences(photo, vocabulary.nouns, self.choices.seed).find()
            wanted = [item for item in found if item.kind in self.choices.kinds]
            asked.append((photo, choose(wanted, self.choices.most, self.choices.seed,
                                        photo.image['id'])))
        self.image_dirs = instances.image_dirs
        negatives = _Negatives([item for _, items in asked for item in items],
                               self.choices)
        guesses: dict[str, Guesses] = {}
        writer = _Lines(options.all_objects)
        for photo, sentences in asked:
            sentences += negatives.of(photo, sentences)
            split = self.choices.split_of(photo.image['id'])
            if sentences:
                guesses.setdefault(split, Guesses()).add(photo, sentences)
                self.read.add(split, photo.image['id'], len(sentences))
                yield writer.line(photo, sentences, split)
        self.facts = {split: dict(kinds=dict(sorted(found.counts.items())),
                                  ceilings=found.ceilings())
                      for split, found in guesses.items()}


class _Negatives:
    """Sentences about things that are not there.

    They are drawn from those that have a target elsewhere, so that the words alone do
    not tell whether there is one.
    """

    def __init__(self, asked: list[Candidate], choices: Choices) -> None:
        self._choices = choices
        weights: dict[tuple[str, str], int] = {}
        for item in asked:
            if len(item.nouns) == 1:
                key = (item.text, item.nouns[0])
                weights[key] = weights.get(key, 0) + 1
        self._texts = list(weights)
        self._sums = list(accumulate(weights.values()))
        share = choices.none_share if 'none' in choices.kinds else 0.0
        self._rate = share / (1 - share)

    def of(self, photo: Photo, sentences: list[Candidate]) -> list[Candidate]:
        """Return sentences without a target, about as many as their share asks for."""
        image_id, found = photo.image['id'], {}
        for number in range(len(sentences)):
            if draw(self._choices.seed, image_id, 'none', number) < self._rate:
                item = self._one(photo, number)
                if item is not None:
                    found[item.text] = item
        return list(found.values())

    def _one(self, photo: Photo, number: int) -> Optional[Candidate]:
        for attempt in range(_TRIES if self._texts else 0):
            place = draw(self._choices.seed, photo.image['id'], number, attempt)
            index = bisect(self._sums, place * self._sums[-1])
            text, noun = self._texts[index]
            if photo.lacks(noun):
                return Candidate('none', text, (), (noun,))
        return None


class _Lines:
    """Makes group lines; sentences and refs are numbered over all of them.

    Args:
        all_objects: whether a line keeps the objects that no sentence means.
    """

    def __init__(self, all_objects: bool) -> None:
        self._all_objects = all_objects
        self._expr_ids, self._ref_ids = count(1), count(1)

    def line(self, photo: Photo, sentences: list[Candidate], split: str) -> dict:
        """Return the line of a photograph."""
        meant = sorted({target for item in sentences for target in item.targets})
        kept = range(len(photo.objects)) if self._all_objects else meant
        place = {index: number for number, index in enumerate(kept)}
        instances = [
            photo.objects[index].instance if index in meant
            else dict(photo.objects[index].instance, ref=False) for index in kept]
        refs: dict[tuple[int, ...], int] = {}
        exprs = []
        for item in sentences:
            if item.targets not in refs or not item.targets:
                refs[item.targets] = next(self._ref_ids)
            exprs.append(dict(
                id=next(self._expr_ids), ref_id=refs[item.targets], text=item.text,
                targets=[place[index] for index in item.targets],
                src=[0, photo.number], extra=dict(kind=item.kind)))
        return dict(image=photo.image, split=split, instances=instances, exprs=exprs)
