"""Compare the images and expressions of a training set with protected splits."""
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path
from typing import Optional

from segvg.annotations.canonical import CanonicalFile
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.files.json_values import load_json
from segvg.annotations.files.pickles import load_pickle
from segvg.annotations.image_identity import dataset_of
from segvg.annotations.official_counts import OFFICIAL_COUNTS
from segvg.annotations.readers.field_checks import is_int
from segvg.annotations.readers.images import coco_number, image_name
from segvg.leakage.sources import ImageSource, SeenImage, of_canonical

UNKNOWN_SHARE = 0.01  # of images that could not be mapped, above which nobody can tell
NAMES_SHOWN = 10
TRAIN_SPLITS = ('train', 'all')


class Verdict(IntEnum):
    """Whether an evaluation can be trusted; a chain is as good as its worst member."""

    CLEAN = 0
    UNKNOWN = 1
    LEAKED = 2

    @property
    def word(self) -> str:
        """The verdict as it is written."""
        return self.name.lower()


def worst_of(found: Iterable[tuple[Verdict, str]]) -> tuple[Verdict, list[str]]:
    """The worst of some verdicts, at least one, and its reasons; a clean one has none.
    """
    found = list(found)
    worst = max(verdict for verdict, _ in found)
    reasons = [] if worst is Verdict.CLEAN else [
        reason for verdict, reason in found if verdict is worst]
    return worst, list(dict.fromkeys(reasons))


@dataclass(frozen=True)
class ProtectedSplit:
    """Images that training must not have seen.

    Attributes:
        name: of the data set, such as ``refcoco_unc``.
        split: such as ``testA``.
        keys: of its images.
        photos: numbers of their photographs at Flickr, as far as known, with the key.
    """

    name: str
    split: str
    keys: frozenset[str]
    photos: dict[int, str] = field(default_factory=dict)

    @property
    def expected(self) -> Optional[int]:
        """Official number of images, or None."""
        counts = OFFICIAL_COUNTS.get(self.name, {}).get(self.split)
        return counts and counts.images

    @property
    def sha256(self) -> str:
        """Of the sorted keys, one a line: names the set wherever it was read from."""
        return hashlib.sha256('\n'.join(sorted(self.keys)).encode()).hexdigest()

    def __str__(self) -> str:
        return f'{self.name}_{self.split}'


@dataclass(frozen=True)
class Overlap:
    """What a training set holds of a protected split.

    Attributes:
        protected: name of the protected split.
        size: its number of images.
        leaked: keys of those that were seen, sorted.
        seen: number of images of the training set.
        unknown: number of those that could not be mapped.
    """

    protected: str
    size: int
    leaked: tuple[str, ...]
    seen: int
    unknown: int

    @property
    def verdict(self) -> Verdict:
        """Leaked when one image was seen, unknown when too many could not be mapped."""
        if self.leaked:
            return Verdict.LEAKED
        share = self.unknown / max(self.seen, 1)
        return Verdict.UNKNOWN if share > UNKNOWN_SHARE else Verdict.CLEAN

    def as_dict(self) -> dict:
        """What a report keeps of it."""
        return dict(verdict=self.verdict.word, leaked=len(self.leaked), of=self.size,
                    share=len(self.leaked) / max(self.size, 1),
                    first=list(self.leaked[:NAMES_SHOWN]), images_seen=self.seen,
                    images_unknown=self.unknown)


def read_protected(path: Path) -> list[ProtectedSplit]:
    """The evaluation splits of a canonical file, refs file or ``grefs`` file.

    Raises:
        AnnotationFileError: it cannot be read.
        ValueError: it has no split other than training.
    """
    splits: dict[tuple[str, str], list[SeenImage]] = {}
    if path.suffix == '.jsonl':
        lines, source = CanonicalFile(path), ImageSource()
        dataset = dataset_of(path, lines.split)
        splits[lines.name, lines.split] = [
            of_canonical(source, line['image'], dataset) for line in lines]
    else:
        dataset = path.parent.name.replace('+', '_plus')
        partition = path.stem.rpartition('(')[2].rstrip(')')
        for split, seen in _refs_images(path, f'{dataset}_{partition}'):
            splits.setdefault((f'{dataset}_{partition}', split), []).append(seen)
    found = [_protect(name, split, images) for (name, split), images in splits.items()
             if not split.startswith(TRAIN_SPLITS)]
    if not found:
        raise ValueError(f'{path} has no split but {", ".join(s for _, s in splits)}; '
                         'val and test are the splits to protect')
    return found


def _protect(name: str, split: str, images: list[SeenImage]) -> ProtectedSplit:
    """Images without a key of their own are protected by their name."""
    keys = {seen.compared_as: seen.photo for seen in images}
    return ProtectedSplit(name, split, frozenset(keys), {
        photo: key for key, photo in keys.items() if photo is not None})


def _refs_images(path: Path, dataset: str) -> Iterator[tuple[str, SeenImage]]:
    """Images by split; those whose names are not COCO's are the data set's own."""
    refs = load_json(path) if path.suffix == '.json' else load_pickle(path)
    for number, ref in enumerate(refs if isinstance(refs, list) else ()):
        split = ref.get('split') if isinstance(ref, dict) else None
        if not isinstance(split, str) or not is_int(ref.get('image_id')):
            raise AnnotationFileError(path, f'refs[{number}] has no split or image_id')
        file = ref.get('file_name', '')
        is_coco = not file or coco_number(image_name(str(file))) is not None
        yield split, SeenImage(f'{ref["image_id"]}', f'coco:{ref["image_id"]}') if (
            is_coco) else SeenImage(file, f'{dataset}/{file}')


def compare(images: Iterable[SeenImage],
            protected: Sequence[ProtectedSplit]) -> list[Overlap]:
    """What a training set holds of each protected split, by image and by photograph."""
    seen: dict[str, SeenImage] = {}
    for image in images:
        seen.setdefault(image.compared_as, image)
    photos = {image.photo for image in seen.values()} - {None}
    unknown = sum(image.key is None for image in seen.values())
    overlaps = []
    for split in protected:
        leaked = split.keys & seen.keys()
        leaked |= {key for photo, key in split.photos.items() if photo in photos}
        overlaps.append(Overlap(str(split), len(split.keys), tuple(sorted(leaked)),
                                len(seen), unknown))
    return overlaps


def add_copies(overlaps: Sequence[Overlap], protected: Sequence[ProtectedSplit],
               copies: Iterable[tuple[str, str]]) -> list[Overlap]:
    """Overlaps that count images of which copies were found by their content, too.

    Args:
        overlaps: of the protected splits, in their order.
        protected: those splits.
        copies: the name of a protected image below its folder, and that of its copy.
    """
    names = [name for name, _ in copies]
    source, joined = ImageSource(), []
    for overlap, split in zip(overlaps, protected, strict=True):
        leaked = {key for name in names for key in split.keys
                  if key in (source.named(name).key, f'name:{name}')
                  or key.partition('/')[2] == name}
        joined.append(replace(overlap, leaked=tuple(sorted(
            leaked.union(overlap.leaked)))))
    return joined


def find_text_leaks(train: Path, protected: Path) -> list[tuple[str, str]]:
    """(image, text) of a protected canonical file that a training file has verbatim."""
    def pairs(path: Path) -> Iterator[tuple[str, str]]:
        source, lines = ImageSource(), CanonicalFile(path)
        dataset = dataset_of(path, lines.split)
        for line in lines:
            key = of_canonical(source, line['image'], dataset).compared_as
            yield from ((key, expr['text']) for expr in line['exprs'])

    known = set(pairs(protected))
    return sorted(known.intersection(pairs(train)))
