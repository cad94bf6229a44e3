"""Find the same photograph under another name, by the content of its file."""
import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Optional

from segvg.annotations.canonical import CanonicalFile
from segvg.annotations.image_identity import are_own
from segvg.annotations.readers.images import is_inside
from segvg.structures.images import BrokenImageError, open_image

CACHED = 1 << 16  # digests, of 64 bytes


class ImageFile(NamedTuple):
    """The file of an image of a line.

    Attributes:
        image: record of the line.
        number: of the image, as ``CanonicalFile.image_numbers`` has it.
        is_own: whether no collection counts it.
        path: of the file.
        size: of the file, in bytes.
        changed: when it was written, in nanoseconds.
    """

    image: dict
    number: int
    is_own: bool
    path: Path
    size: int
    changed: int

    @property
    def digest(self) -> bytes:
        """The hash of its content, which is read once."""
        return _digest(str(self.path), self.size, self.changed)


def find_copies(lines: CanonicalFile, folder: Path, others: CanonicalFile,
                other_folder: Path) -> list[tuple[dict, dict]]:
    """Images of a file that are in another file under another name, byte for byte.

    Only pairs with an image of no known collection are compared, because names do not
    identify it, and only files of equal size are read. A picture of one colour does not
    count, nor does one that several images of the other file share: both stand in for
    missing pictures.

    Args:
        lines: the file whose images are looked for.
        folder: of its images; those that are not there are left out.
        others: the file in which they are looked for.
        other_folder: of its images.

    Returns:
        Records of the images: those of ``lines``, and the same of ``others``.
    """
    own = [are_own(file.image_numbers) for file in (lines, others)]
    if not own[0].any() and not own[1].any():
        return []
    by_size: dict[int, list[ImageFile]] = defaultdict(list)
    for file in _image_files(others, other_folder, everything=bool(own[0].any())):
        by_size[file.size].append(file)
    found = []
    for file in _image_files(lines, folder, everything=bool(own[1].any())):
        same = {other.number: other for other in by_size.get(file.size, ())
                if other.digest == file.digest}
        twin = next(iter(same.values())) if len(same) == 1 else None
        if twin is not None and twin.number != file.number and (
                twin.is_own or file.is_own) and not _is_plain(file.path):
            found.append((file.image, twin.image))
    return found


def _image_files(lines: CanonicalFile, folder: Path, *,
                 everything: bool) -> Iterator[ImageFile]:
    """The image files of lines; of all images, or of those of no collection."""
    own = are_own(lines.image_numbers)
    for place, is_own in enumerate(own.tolist()):
        if everything or is_own:
            image = lines[place]['image']
            for name in (image['file'], *(image.get('alt') or ())):
                path = folder / name
                facts = _stat(path) if is_inside(name) else None
                if facts is not None and facts.st_size:
                    yield ImageFile(image, int(lines.image_numbers[place]), is_own,
                                    path, facts.st_size, facts.st_mtime_ns)
                    break


def _stat(path: Path) -> Optional[os.stat_result]:
    try:
        return os.stat(path) if path.is_file() else None
    except (OSError, ValueError):  # a name that no file can have
        return None


@lru_cache(CACHED)
def _digest(path: str, size: int, changed: int) -> bytes:
    digest = hashlib.blake2b(digest_size=32)
    with open(path, 'rb') as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.digest()


@lru_cache(CACHED)
def _is_plain(path: Path) -> bool:
    """Whether a picture has one colour, or cannot be read: it does not count."""
    try:
        with open_image(path) as image:
            bands = image.getextrema()
    except BrokenImageError:
        return True
    return all(low == high for low, high in (
        bands if isinstance(bands[0], tuple) else [bands]))
