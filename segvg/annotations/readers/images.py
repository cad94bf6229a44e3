"""Names of images, where their files are, and whether their sizes are as annotated."""
import os
import re
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple, Optional

from segvg.annotations.checks import Check, Place
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers.base import Context, Errors, SourceImage
from segvg.structures.images import SIDEWAYS, BrokenImageError, read_header

# Folders in which users keep the images of these sets, below their image root.
USUAL_DIRS = (
    '', 'train2014', 'train2017', 'val2014', 'images', 'images/train2014',
    'mscoco/train2014', 'mscoco/images/train2014', 'images/mscoco/train2014',
    'images/mscoco/images/train2014', 'other/images/mscoco/images/train2014',
    'coco/train2014', 'coco/train2017', 'mscoco/val2014', 'coco/val2014',
    'trainval2014', 'images/trainval2014',
    'saiapr_tc-12', 'images/saiapr_tc-12', 'saiaprtc12', 'images/saiaprtc12',
    'referit/images', 'flickr30k_images', 'flickr30k', 'images/flickr30k',
    'flickr30k/images', 'Flickr30k/flickr30k_images', 'VG_100K', 'VG_100K_2',
    'visual-genome', 'images/visual-genome')
# namespace of image ids -> pattern of folders in which they are looked for first
FOLDERS = dict(coco='coco|(train|val)20', saiapr='saiapr|referit', flickr30k='flickr',
               vg='vg|visual')
# collection of images -> how the names of published sets on it begin
PUBLISHED = dict(
    coco=r'(.*[_-])?(g?r?refcoco|gref|unc|mix(ed|up)|ref-?_?zom|copsref|coco|seqtr)',
    saiapr='referit|refclef|saiapr', flickr30k='flickr', vg='vg$|visual')
OWN = 'own'  # images that no known collection counts
COCO_NAME = re.compile(r'COCO_(train|val|test)2014_(?P<number>\d{12})(?:_\d+)?\.jpg')
PHOTO_URL = re.compile(r'flickr\.com/(?:\d+/)?([0-9]{1,15})_')
# names of images that are nothing but a number, and those that have more to them
NUMBER_NAME = re.compile(r'\d{1,18}\.(jpe?g|png)', re.IGNORECASE)
NUMBERED_NAMES = dict(synth=re.compile(r'synth_.*\d.*'),
                      o365=re.compile(r'objects365_.*\d.*'))
PLAIN_COCO_NAME = re.compile(r'(?P<number>\d{12})\.jpg')


def coco_name(number: int) -> str:
    """Name of an image of COCO train2014."""
    return f'COCO_train2014_{number:012d}.jpg'


def coco_number(file: str) -> Optional[int]:
    """Number of an image of COCO, or None when the name is not one of COCO's."""
    name = PurePosixPath(file).name
    match = COCO_NAME.fullmatch(name) or PLAIN_COCO_NAME.fullmatch(name)
    return int(match['number']) if match else None


def photo_number(url: object) -> Optional[int]:
    """Number of a photograph at Flickr, from the address of its file."""
    match = PHOTO_URL.search(url) if isinstance(url, str) else None
    return int(match[1]) if match else None


def with_slashes(file: str) -> str:
    """A name below the image folder, without backslashes and what leads out of it."""
    if '\\' not in file:
        return file
    parts = PureWindowsPath(file).parts
    return '/'.join(part for part in parts if part != '..' and '\\' not in part)


def image_name(file: str) -> str:
    """Name of an image of COCO without the annotation id that some sources add.

    Backslashes of Windows become slashes, and what leads out of its folder goes.
    """
    file = with_slashes(file)
    name = PurePosixPath(file).name
    has_suffix = COCO_NAME.fullmatch(name) and name.count('_') > 2
    return without_suffix(file) if has_suffix else file


def without_suffix(name: str) -> str:
    """An image name without the annotation id that refs add to it."""
    stem, dot, ending = name.rpartition('.')
    head, mark, number = stem.rpartition('_')
    return f'{head}{dot}{ending}' if mark and number.isdigit() else name


def other_names(file: str) -> list[str]:
    """Other names under which users have an image of COCO."""
    number = coco_number(file)
    if number is None:
        return []
    match = COCO_NAME.fullmatch(PurePosixPath(file).name)
    part = match[1] if match else 'train'
    # train2017 holds all of train2014 and most of val2014
    old, new = f'COCO_{part}2014_{number:012d}.jpg', f'{number:012d}.jpg'
    names = [old, new, f'{part}2014/{old}', f'train2017/{new}', f'val2017/{new}']
    return [name for name in names if name != file]


def namespace_of(file: str) -> str:
    """Namespace of an image's id, taken from its name."""
    name = PurePosixPath(file).name
    if coco_number(name) is not None:
        return 'coco'
    return 'synth' if name.startswith('synth_') else 'file'


def image_number(file: str) -> Optional[int]:
    """Number of an image, taken from its name: the last digits before the ending."""
    number = coco_number(file)
    digits = re.findall(r'[0-9]{1,18}', PurePosixPath(file).stem)
    return int(digits[-1]) if number is None and digits else number


def image_of(file: str, size: tuple[Optional[int], Optional[int]], place: Place, *,
             namespace: str, number: Optional[int] = None,
             images_are: Optional[str] = None) -> SourceImage:
    """An image that a source knows by its file name.

    The number in a name counts only where the namespace says whose number it is.

    Args:
        file: the name, with or without an annotation id at its end.
        size: width and height as annotated, or None.
        place: where the size stands.
        namespace: of the number, unless the name is one of COCO's; ``file`` has none.
        number: of the image, when the source gives it.
        images_are: the collection that the user gave, or ``own``; it overrides all
            other arguments.
    """
    file = image_name(file)
    if images_are == OWN:
        return SourceImage(f'file:{file}', file, *size, place)
    if images_are is not None and coco_number(file) is None:
        number = image_number(file) if number is None else number
        if number is not None:
            extra = {'coco_id': number} if images_are == 'coco' else {}
            return SourceImage(f'{images_are}:{number}', file, *size, place,
                               extra=extra)
    if coco_number(file) is None and namespace_of(file) != 'file':
        namespace = namespace_of(file)
    if coco_number(file) is None:
        if number is None and NUMBERED_NAMES.get(namespace, NUMBER_NAME).fullmatch(
                PurePosixPath(file).name):
            number = image_number(file)
        if namespace == 'file' or number is None:
            return SourceImage(f'file:{file}', file, *size, place)
        return SourceImage(f'{namespace}:{number}', file, *size, place)
    number = coco_number(file) if number is None else number
    return SourceImage(f'coco:{number}', file, *size, place, other_names(file),
                       {'coco_id': number})


def numbered_id(number: int | str, collection: str,
                images_are: Optional[str]) -> str:
    """The id of an image ``<number>.jpg`` of a format whose numbers are a collection's.

    Args:
        number: as the source gives it.
        collection: whose numbers those are by the rule of the format.
        images_are: the collection that the user gave, or ``own``; it overrides the rule
            of the format.
    """
    if images_are == OWN:
        return f'file:{number}.jpg'
    return f'{images_are or collection}:{int(number)}'


def _is_usual(name: str) -> bool:
    """Whether an image is in one of the folders that its collection has."""
    return PurePosixPath(name).parent.as_posix() in (*USUAL_DIRS, '.')


def collection_of(dataset: str) -> Optional[str]:
    """The collection that counts the images of a published set; None of an own one."""
    words = dataset.lower()
    return next((name for name, pattern in PUBLISHED.items()
                 if re.match(pattern, words)), None)


def is_inside(name: str) -> bool:
    """Whether a name, joined to a folder, stays below it."""
    path = PurePosixPath(name)
    return bool(path.name) and not path.is_absolute() and '..' not in path.parts


class FoundImage(NamedTuple):
    """An image file.

    Attributes:
        file: name below the image root.
        width: true width, turned as the camera says if that was asked for.
        height: true height.
        orientation: EXIF orientation, 1 where the picture is stored upright.
        damage: why the file cannot be read; it has no size then.
    """

    file: str
    width: Optional[int] = None
    height: Optional[int] = None
    orientation: int = 1
    damage: Optional[str] = None


class ImageFinder:
    """Looks for images in the usual folders below a root.

    Args:
        root: the folder.
        dirs: folders below it; None tries the usual ones.
        decode: whether to decode the pixels as training does, not the header alone.
        upright: whether sizes are those of pictures that are turned as the camera says.

    Attributes:
        used: folders in which images were found.
    """

    def __init__(self, root: Path, dirs: Optional[tuple[str, ...]], *,
                 decode: bool = False, upright: bool = False) -> None:
        if not root.is_dir():
            raise FileNotFoundError(f'image folder {root} does not exist')
        self.root = root
        self._decode = decode
        self._upright = upright
        wanted = USUAL_DIRS if dirs is None else dirs
        self._dirs = {name: (root / name).resolve() for name in wanted
                      if (root / name).is_dir()}
        self.used: set[str] = set()
        self._found: dict[tuple, Optional[FoundImage]] = {}

    def find(self, image: SourceImage, prefer: str = '') -> Optional[FoundImage]:
        """The file of an image, or None.

        A damaged file counts only where none of its other names has a sound one.

        Args:
            image: the image; its annotated name is tried first.
            prefer: pattern; folders whose name has it are tried first.
        """
        key = (image.file, prefer)
        if key not in self._found:
            self._found[key] = self._search(image, prefer)
        return self._found[key]

    def _search(self, image: SourceImage, prefer: str) -> Optional[FoundImage]:
        dirs = sorted(self._dirs, key=lambda name: not re.search(prefer, name.lower()))
        names = dict.fromkeys(filter(is_inside, (
            image.file, *image.alt)))
        damaged: Optional[FoundImage] = None
        for name in names:
            for folder in dirs:
                path = self.root / folder / name
                # of a name that no file can have, Path.is_file would raise
                found = self._open(path, folder) if os.path.isfile(path) else None
                if found is not None and found.damage is None:
                    self.used.add(folder or '.')
                    return found
                damaged = damaged or found
        return damaged

    def _open(self, path: Path, folder: str) -> Optional[FoundImage]:
        if self._dirs[folder] not in path.resolve().parents:
            return None  # a link that leads out of the image folder
        name = path.relative_to(self.root).as_posix()
        try:
            header = read_header(path, decode=self._decode)
        except BrokenImageError as error:
            return FoundImage(name, damage=str(error))
        size = (header.width, header.height)
        if self._upright and header.orientation in SIDEWAYS:
            size = size[::-1]
        return FoundImage(name, *size, header.orientation)


class ImageChecks:
    """Existence, soundness, orientation and size of images.

    ``need_size`` says that the source gives no sizes, so that the files must be there
    whatever the level of checks.
    """

    def __init__(self, ctx: Context, need_size: bool = False) -> None:
        self._ctx = ctx
        self._names: dict[str, str] = {}
        self._finder: Optional[ImageFinder] = None
        options = ctx.options
        if need_size and options.images is None:
            raise ValueError('the source has no image sizes, they are read from the '
                             'files: say with --images where those are')
        if options.images and (need_size or options.check >= Check.IMAGES):
            self._finder = ImageFinder(
                options.images, options.image_dirs,
                decode=options.check >= Check.FULL, upright=options.apply_orientation)
        self._turned: set[str] = set()  # images whose orientation was reported

    @property
    def dirs(self) -> list[str]:
        """Folders in which images were found."""
        return sorted(self._finder.used) if self._finder else []

    def find(self, image: SourceImage) -> tuple[Optional[dict], Errors]:
        """The image of a group line, and what skips the records that name it.

        Folders that usually hold images of its collection are tried first: numbers
        repeat between collections.

        Without an annotated size and without a file the image is None.

        Raises:
            AnnotationFileError: another name was given to the same image before.
        """
        self._check_name(image)
        file, width, height = image.file, image.width, image.height
        errors: Errors = []
        if not is_inside(file):
            errors.append(('image_missing', f'{file!r} leaves the image folder'))
        elif self._finder:
            namespace = image.id.partition(':')[0]
            found = self._finder.find(image, FOLDERS.get(namespace, ''))
            if found is None:
                errors.append(('image_missing', f'{file} is not in any of the folders '
                                                f'tried below {self._finder.root}'))
            elif found.damage is not None:
                errors.append(('image_damaged', found.damage))
            else:
                file = found.file
                width, height = width or found.width, height or found.height
                self._compare(image, found)
        if width is None or height is None:
            return None, errors
        alt = [name for name in (image.file, *image.alt) if name != file]
        record = dict(id=image.id, file=file, width=width, height=height, **image.extra)
        return {**record, 'alt': alt} if alt else record, errors

    def _check_name(self, image: SourceImage) -> None:
        """Refuse to take images of two names for one; COCO has several names of each.
        """
        first = self._names.setdefault(image.id, image.file)
        if image.file != first and not image.id.startswith('coco:') and not (
                _is_usual(first) and _is_usual(image.file)):
            raise AnnotationFileError(
                image.place.file or 'source', f'{image.place.at}: image {image.id} is '
                f'{image.file} here and {first} earlier. Are these two images? '
                '--images-are own identifies images by their names',
                code='file_name_mismatch')

    def _compare(self, image: SourceImage, found: FoundImage) -> None:
        ctx = self._ctx._replace(place=image.place, ids={'image_id': image.id})
        turns = found.orientation != 1
        if turns and found.file not in self._turned:
            self._turned.add(found.file)
            ctx.note('image_orientation',
                     f'{found.file} has EXIF orientation {found.orientation}')
        if image.width is None or self._ctx.options.check < Check.IMAGES:
            return
        size = (image.width, image.height)
        if size != (found.width, found.height):
            reason = ''
            if size == (found.height, found.width) and found.orientation in SIDEWAYS:
                reason = (f'; EXIF orientation {found.orientation} turns it: '
                          + ('the annotation is of the picture as it is stored'
                             if self._ctx.options.apply_orientation else
                             'is the annotation of the upright picture? '
                             '--apply-orientation'))
            ctx.note('image_size_mismatch',
                     f'{size[0]}x{size[1]} annotated, the file has '
                     f'{found.width}x{found.height}{reason}')
