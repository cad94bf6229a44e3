"""Names that own data give: of images, of splits, of data sets."""
import posixpath
import re
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Optional

from segvg.annotations.readers.own.records import OwnImage
from segvg.annotations.readers.splits import SPLIT_ALIASES, SPLIT_NAME

ALIASES = dict(SPLIT_ALIASES, training='train', testing='test')
#: Folders that hold annotations beside a folder with images of the same names.
ANNOTATION_FOLDERS = ('annotations', 'annotation', 'labels', 'xml', 'xmls', 'json')


def split_named(word: str) -> Optional[str]:
    """The split that a word means, such as ``Train`` or ``validation``, or None."""
    word = word.strip()
    low = ALIASES.get(word.lower(), word.lower())
    split = word if SPLIT_NAME.fullmatch(word) else low
    return split if SPLIT_NAME.fullmatch(split) else None


def split_of_path(path: PurePosixPath) -> Optional[str]:
    """The split that a folder or the file name says, from the last to the first.

    The file says it as a word of its own: ``photos_val.csv``, ``instances_train2017``.
    """
    words = re.split(r'[_.\-\s]+', path.stem)
    found = [split_named(re.sub(r'20\d\d$', '', word)) for word in words]
    found += [split_named(re.sub(r'20\d\d$', '', part))
              for part in reversed(path.parent.parts)]
    return next((split for split in found if split not in (None, 'all')), None)


def dataset_name(path: Path) -> str:
    """The name of a data set from that of a file, without the word of its split."""
    words = [word for word in re.split(r'[_.\-\s]+', path.stem)
             if split_named(re.sub(r'20\d\d$', '', word)) is None]
    return safe_name('_'.join(words) or path.resolve().parent.name)


def safe_name(name: str) -> str:
    """A name that a file can have."""
    return re.sub(r'[^\w+.-]+', '_', name).strip('_.') or 'own'


def named_image(folder: str, name: str, width: Optional[int] = None,
                height: Optional[int] = None) -> OwnImage:
    """The image of a name; it is looked for without its first folders too.

    Backslashes are those of Windows. What leads out of the source is cut off.

    Args:
        folder: in which the name stands, relative to the source; empty for its root.
        name: as annotated.
        width, height: as annotated, or None.
    """
    if '\\' in name:
        name = PureWindowsPath(name).as_posix()
    said = posixpath.normpath(posixpath.join(folder, name))
    parts = [part for part in PurePosixPath(said).parts
             if part not in ('..', '/') and not part.endswith(':')]
    whole = '/'.join(parts).lstrip('/')
    parts = whole.split('/')
    return OwnImage(whole, width, height, tuple(
        '/'.join(parts[first:]) for first in range(1, len(parts))), said)


def without_annotation_folder(path: PurePosixPath) -> PurePosixPath:
    """A path without the parts that say that annotations are there."""
    kept = [part for part in path.parts if part.lower() not in ANNOTATION_FOLDERS]
    return PurePosixPath(*kept)
