"""Result cards: a score with everything that decides whether it may be compared.

A card is three files: ``NAME.json`` for people and tables, ``NAME.npz`` with what every
expression adds to every score, ``NAME.jsonl`` with the answers.
"""
import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple, Optional, Sequence

import numpy as np

from segvg.bench.card_checks import check_header, check_row
from segvg.bench.statistics import image_sums, interval
from segvg.utils.arrays import read_arrays
from segvg.utils.files import whole_file, write_whole
from segvg.utils.plain_values import printable

FORMAT = 'segvg-card'
VERSION = '1.0'


class CardError(ValueError):
    """A card cannot be read, or cards cannot be compared."""


class Card(NamedTuple):
    """A result card.

    Attributes:
        path: of its JSON file.
        header: what that file says.
        terms: for each score that is a share (N, 2), in the order of ``keys``.
        images: (N,) the image of each expression, by number.
        keys: SHA-256 of the expressions that were scored and their images.
    """
    path: Path
    header: dict[str, Any]
    terms: dict[str, np.ndarray]
    images: np.ndarray
    keys: str

    @property
    def name(self) -> str:
        """What tables call it."""
        return self.header['name']

    @property
    def data(self) -> str:
        """What was scored, as text: splits, and numbers of expressions and images."""
        data = self.header['data']
        return (f'{", ".join(data["splits"])}: {data["expressions"]} expressions, '
                f'{data["images"]} images')

    def sums(self, score: str) -> np.ndarray:
        """Return what each image adds to a score, (I, 2)."""
        return image_sums(self.terms[score], self.images)

    def protocol_of(self, score: str) -> Optional[dict]:
        """Return the protocol that a score was made by, or None."""
        for protocol in self.header['protocols']:
            if score in protocol['scores']:
                return protocol
        return None


def companion(path: Path, suffix: str) -> Path:
    """Return the path of another file of a card."""
    return path.with_name(f'{path.stem}{suffix}')


def card_files(path: Path) -> list[Path]:
    """Return all files of a card, given that of its JSON."""
    return [path, *(companion(path, suffix) for suffix in ('.npz', '.jsonl'))]


def digest(value: Any) -> str:
    """Return the SHA-256 of a plain value; the order of keys does not matter."""
    text = json.dumps(value, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


def write_card(path: Path, header: dict[str, Any], terms: dict[str, np.ndarray],
               rows: list[dict]) -> None:
    """Write the three files; the JSON last, so that it stands for a whole card.

    Args:
        path: of the JSON file.
        header: without ``format``, ``version``, ``intervals`` and ``keys``.
        terms: of all scores.
        rows: of ``PredictionLog``.
    """
    images = image_numbers(rows)
    keys = digest([[row['dataset'], row['split'], row['expr_idx'], image_of(row)]
                   for row in rows])
    arrays = {f'terms/{name}': values for name, values in terms.items()}
    with whole_file(companion(path, '.npz')) as stream:
        np.savez_compressed(stream, images=images, **arrays)
    with whole_file(companion(path, '.jsonl')) as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False).encode() + b'\n')
    found = {name: interval([image_sums(values, images)])
             for name, values in terms.items()}
    intervals = {name: [ends.low, ends.high] for name, ends in found.items()}
    content = dict(format=FORMAT, version=VERSION, **header, intervals=intervals,
                   keys=keys)
    # The last one: a bench takes this file for a finished test.
    write_whole(path, json.dumps(content, indent=1, ensure_ascii=False) + '\n')


def image_of(row: dict) -> str:
    """Return what identifies an image."""
    return str(row['img_id'] if row['img_id'] is not None else row['img_path'])


def image_numbers(rows: Sequence[dict]) -> np.ndarray:
    """Return the number (N,) of each row's image; they count the images from 0."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(image_of(row), len(numbers)) for row in rows],
                    dtype=np.int64)


def read_header(path: Path) -> dict[str, Any]:
    """Return the JSON of a card.

    Raises:
        CardError: the file is missing or no card.
    """
    try:
        header = json.loads(path.read_text('utf-8'))
    except (OSError, ValueError, RecursionError) as error:
        raise CardError(f'{path} cannot be read as a result card: {error}') from error
    if not isinstance(header, dict) or header.get('format') != FORMAT:
        raise CardError(f'{path} is not a result card; tools/test.py --card makes them')
    if str(header.get('version')).split('.')[0] != VERSION.split('.')[0]:
        version = printable(str(header.get('version'))[:20])
        raise CardError(f'{path} has version {version} of the '
                        f'format, this program reads {VERSION}')
    try:
        return check_header(header, str(path))
    except (ValueError, RecursionError) as error:
        raise CardError(str(error)) from None


def read_card(path: Path) -> Card:
    """Return a card.

    Raises:
        CardError: a file is missing or broken.
    """
    path = Path(path)
    header = read_header(path)
    arrays = companion(path, '.npz')
    try:
        found = read_arrays(arrays)
        images = found['images']
        terms = {name.removeprefix('terms/'): values
                 for name, values in found.items() if name.startswith('terms/')}
        if images.ndim != 1 or images.dtype.kind != 'i' or (images < 0).any() or any(
                values.shape != (len(images), 2) or values.dtype.kind not in 'biuf'
                for values in terms.values()):
            raise ValueError('arrays of other shapes than those of a card')
    except (OSError, ValueError, KeyError) as error:
        raise CardError(f'{arrays}, a part of the card {path}, cannot be read: {error}'
                        ) from error
    return Card(path, header, terms, images, header['keys'])


def read_rows(path: Path) -> list[dict]:
    """Return the answers of a card.

    Raises:
        CardError: their file is missing or broken.
    """
    rows = companion(Path(path), '.jsonl')
    try:
        with open(rows, encoding='utf-8') as stream:
            return [check_row(json.loads(line), f'line {number}')
                    for number, line in enumerate(stream, 1)]
    except (OSError, ValueError, RecursionError) as error:
        raise CardError(f'{rows}, a part of the card {path}, cannot be read: {error}'
                        ) from error
