"""Which images a set of any format is made of, named so that sets can be compared.

An image gets the key ``coco:<number>`` when it is known to be in COCO, by its name or
by the link of Visual Genome's ``image_data.json``; else the key of its own namespace. A
bare number is never taken for one of COCO. Lines of the canonical form always say what
an image is (``annotations/image_identity.py``); in other files an image whose namespace
is not known has no key.
"""
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Optional

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.files.json_values import load_json, parse_json
from segvg.annotations.files.parquet import iter_rows
from segvg.annotations.files.pickles import load_pickle, load_pth
from segvg.annotations.image_identity import (
    dataset_of,
    image_identity,
    is_in_collection,
)
from segvg.annotations.readers.field_checks import is_int
from segvg.annotations.readers.images import coco_number, photo_number

REFER_SETS = ('refcoco', 'refcoco+', 'refcocog', 'grefcoco')
NUMBERED = re.compile(r'(\d+)\.(?:jpg|png)')


class SeenImage(NamedTuple):
    """An image of a set.

    Attributes:
        name: how the set names it.
        key: what it is compared by; None when it could not be mapped.
        photo: number of the photograph at Flickr, when known.
    """

    name: str
    key: Optional[str]
    photo: Optional[int] = None

    @property
    def compared_as(self) -> str:
        """The key, or the name of an image that has none."""
        return f'name:{self.name}' if self.key is None else self.key


class ImageSource:
    """Reads the images of files; links of Visual Genome to COCO are given once.

    Args:
        vg_image_data: ``image_data.json`` of Visual Genome.
    """

    def __init__(self, vg_image_data: Optional[Path] = None) -> None:
        self._links: dict[int, dict] = {}
        if vg_image_data is not None:
            self._links = {record['image_id']: record
                           for record in _records(vg_image_data, load_json(
                               vg_image_data), 'image_id')}

    def read(self, format_name: str, path: Path) -> Iterator[SeenImage]:
        """Yield the images of a file; one may come more than once.

        Raises:
            KeyError: the format is not one of ``SOURCES``.
            AnnotationFileError: the file cannot be read.
        """
        if format_name not in SOURCES:
            raise KeyError(f'{format_name!r} is not one of {", ".join(SOURCES)}')
        return SOURCES[format_name](self, path)

    def vg(self, number: int, link: Optional[dict] = None) -> SeenImage:
        """An image of Visual Genome; without a link to look at it has no key."""
        link = link or self._links.get(number)
        name = f'vg:{number}'
        if link is None or 'coco_id' not in link:
            return SeenImage(name, None)
        photo = link.get('flickr_id')
        coco_id = link['coco_id']
        return SeenImage(name, name if coco_id is None else f'coco:{coco_id}',
                         photo if is_int(photo) else None)

    def named(self, file: str, hint: str = '') -> SeenImage:
        """An image known by its file name, and by what the set says of its source."""
        number = coco_number(file)
        if number is not None:
            return SeenImage(file, f'coco:{number}')
        plain = NUMBERED.fullmatch(PurePosixPath(file).name)
        where = f'{hint} {PurePosixPath(file).parent}'.lower()
        if plain and re.search(r'\bvg|visual.genome|vg_100k', where):
            return self.vg(int(plain[1]))
        if plain and 'flickr' in where:
            return SeenImage(file, f'flickr30k:{plain[1]}', int(plain[1]))
        if plain and re.search('saiapr|referit|refclef', where):
            return SeenImage(file, f'saiapr:{plain[1]}')
        return SeenImage(file, None)


def _read_canonical(source: ImageSource, path: Path) -> Iterator[SeenImage]:
    start, decoder = b'{"image":{', json.JSONDecoder()
    dataset = None
    with open(path, 'rb') as stream:
        for number, data in enumerate(stream, 1):
            if data.startswith(start) and dataset is not None:
                # the rest of a long line is not needed
                try:
                    text = data[len(start) - 1:].decode('utf-8')
                    image = decoder.raw_decode(text)[0]
                except (ValueError, RecursionError) as error:
                    raise AnnotationFileError(
                        path, f'line {number}: {error}') from None
            else:
                line = _json_line(path, number, data)
                image, split = line.get('image'), line.get('split')
                dataset = dataset_of(path, str(split))
            if not isinstance(image, dict) or not {'id', 'file'} <= image.keys():
                raise AnnotationFileError(path, f'line {number} has no image with id '
                                                'and file')
            yield of_canonical(source, image, dataset)


def of_canonical(source: ImageSource, image: dict, dataset: str) -> SeenImage:
    """An image of a group line of a data set."""
    space, _, number = str(image['id']).partition(':')
    photo = image.get('flickr_id')
    photo = photo if is_int(photo) else None
    if space == 'vg' and 'coco_id' not in image and number.isdecimal():
        return source.vg(int(number))
    if space == 'flickr30k' and number.isdecimal():
        photo = int(number)
    name = image['id'] if is_in_collection(image) else image['file']
    return SeenImage(name, image_identity(image, dataset), photo)


def _read_coco(source: ImageSource, path: Path) -> Iterator[SeenImage]:
    """COCO's own files, and copies whose images were numbered anew."""
    content = load_json(path)
    if not isinstance(content, dict):
        raise AnnotationFileError(path, 'expected an object with "images"')
    for image in _records(path, content.get('images'), 'file_name'):
        seen = source.named(image['file_name'], str(image.get('dataset_name', '')))
        url = f'{image.get("coco_url", "")}'
        if seen.key is None and coco_number(url) is not None:
            seen = SeenImage(image['file_name'], f'coco:{coco_number(url)}')
        yield seen._replace(photo=photo_number(image.get('flickr_url')))


def _read_mdetr(source: ImageSource, path: Path) -> Iterator[SeenImage]:
    """One entry per expression; its ``id`` does not identify the image."""
    content = load_json(path)
    if not isinstance(content, dict):
        raise AnnotationFileError(path, 'expected an object with "images"')
    for image in _records(path, content.get('images'), 'file_name'):
        origin, number = f'{image.get("dataset_name", "")}', image.get('original_id')
        if origin in REFER_SETS and is_int(number) and number >= 0:
            yield SeenImage(image['file_name'], f'coco:{number}')
        else:
            hint = 'vg' if origin in ('phrasecut', 'gqa') else origin
            yield source.named(image['file_name'], hint)


def _read_refer(source: ImageSource, path: Path) -> Iterator[SeenImage]:
    refs = load_json(path) if path.suffix == '.json' else load_pickle(path)
    for ref in _records(path, refs, 'image_id'):
        if coco_number(f'{ref.get("file_name", "")}') is None:
            yield source.named(f'{ref.get("file_name", "")}', 'saiapr')
        else:
            yield SeenImage(ref['file_name'], f'coco:{ref["image_id"]}')


def _read_vg(source: ImageSource, path: Path) -> Iterator[SeenImage]:
    """Regions, image data, PhraseCut or GQA: files that list ids of Visual Genome."""
    content = load_json(path)
    if isinstance(content, dict):  # GQA: question id -> question
        content = list(content.values())
    for record in content if isinstance(content, list) else []:
        number = None
        if isinstance(record, dict):
            number = record.get('image_id', record.get('imageId', record.get('id')))
        number = int(number) if str(number).isdecimal() else None
        if number is None:
            yield SeenImage(f'{record!r:.40}', None)
        else:
            yield source.vg(number, record if 'coco_id' in record else None)


def _read_seqtr(source: ImageSource, path: Path) -> Iterator[SeenImage]:
    content = load_json(path)
    if not isinstance(content, dict):
        raise AnnotationFileError(path, 'expected an object of splits')
    folder = path.parent.name
    for split, entries in content.items():
        if not split.startswith('train'):
            continue
        for entry in _records(path, entries, 'image_id'):
            origin = f'{entry.get("data_source", folder)}'
            number = entry['image_id']
            if 'coco' in origin:
                yield SeenImage(f'{number}', f'coco:{number}')
            else:
                yield source.named(f'{number}.jpg', origin)


def _read_odvg(source: ImageSource, path: Path) -> Iterator[SeenImage]:
    hint = 'vg' if '_vg' in path.stem else ''
    for record in _json_lines(path):
        yield source.named(f'{record.get("filename", "")}', hint)


def _read_pth(source: ImageSource, path: Path) -> Iterator[SeenImage]:
    rows = load_pth(path)
    if not isinstance(rows, (list, tuple)):
        raise AnnotationFileError(path, 'expected a list of rows')
    for row in rows:
        name = row[0] if isinstance(row, (list, tuple)) and row else ''
        name = name.decode('latin1') if isinstance(name, bytes) else str(name)
        yield source.named(name, path.parent.name)


def _read_parquet(source: ImageSource, path: Path) -> Iterator[SeenImage]:
    for row in iter_rows(path, ('file_name', 'image_id', 'global_image_id')):
        prefixed = re.fullmatch(r'coco[._](\d+)', str(
            row.get('global_image_id') or row.get('image_id')))
        if prefixed:
            yield SeenImage(prefixed[0], f'coco:{prefixed[1]}')
        else:
            yield source.named(f'{row.get("file_name", "")}')


def _read_names(source: ImageSource, path: Path) -> Iterator[SeenImage]:
    for line in path.read_text('utf-8').split('\n'):
        if line.strip():
            yield source.named(line.strip())


# FORMAT of tools/check_leakage.py -> reads the images of a file
SOURCES: dict[str, Callable[[ImageSource, Path], Iterator[SeenImage]]] = dict(
    canonical=_read_canonical, coco=_read_coco, mdetr=_read_mdetr, refer=_read_refer,
    vg=_read_vg, phrasecut=_read_vg, gqa=_read_vg, seqtr=_read_seqtr, odvg=_read_odvg,
    pth=_read_pth, parquet=_read_parquet, names=_read_names)


def _records(path: Path, records: object, key: str) -> Iterator[dict]:
    """Yield the records of a list; one without ``key`` is an error."""
    if not isinstance(records, list):
        raise AnnotationFileError(path, f'expected a list of records with {key!r}')
    for number, record in enumerate(records):
        if not isinstance(record, dict) or key not in record:
            raise AnnotationFileError(path, f'record {number} has no {key!r}')
        yield record


def _json_lines(path: Path) -> Iterator[dict]:
    with open(path, 'rb') as stream:
        for number, data in enumerate(stream, 1):
            yield _json_line(path, number, data)


def _json_line(path: Path, number: int, data: bytes) -> dict:
    try:
        record = parse_json(data)
    except (ValueError, RecursionError) as error:
        raise AnnotationFileError(path, f'line {number}: {error}') from None
    if not isinstance(record, dict):
        raise AnnotationFileError(path, f'line {number} is not a JSON object')
    return record
