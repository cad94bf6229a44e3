"""What tells that two records are of one image: one definition for the whole package.

A number is the identity of an image only where its id names the collection that counts
it: COCO (by its own id or a link to it), Visual Genome, SAIAPR, Flickr30k, SynthRef.
Every other image is known by its data set and its whole name below the image folder:
the pictures ``1.jpg`` of two people are two pictures. Where their files are at hand,
the same photograph under two names is found by its content (``image_copies.py``).
"""
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

COLLECTIONS = ('coco', 'vg', 'saiapr', 'flickr30k', 'synth')
HASH_BITS = 61


def is_in_collection(image: Mapping[str, Any]) -> bool:
    """Whether the record of an image says by which collection it is counted."""
    space, _, number = str(image['id']).partition(':')
    return isinstance(image.get('coco_id'), int) or (
        space in COLLECTIONS and number.isdecimal())


def image_identity(image: Mapping[str, Any], dataset: str) -> str:
    """The name that an image has wherever it is listed.

    Args:
        image: record of a group line.
        dataset: name of the data set, as ``dataset_of`` gives it.
    """
    if isinstance(image.get('coco_id'), int):
        return f'coco:{image["coco_id"]}'
    return str(image['id']) if is_in_collection(image) else (
        f'{dataset}/{image["file"]}')


def dataset_of(path: Path, split: str) -> str:
    """The name of a data set from that of its file, ``<name>_<split>.jsonl``.

    It is empty for files such as ``train.jsonl``: those beside each other, and others
    without a name, count as one data set.
    """
    stem = path.name.removesuffix('.jsonl')
    return '' if stem == split else stem.removesuffix(f'_{split}')


def image_number(image: Mapping[str, Any]) -> int:
    """A number that two records share when they are of one image of one data set.

    That of COCO when the image is known to be in COCO. Every other image has a negative
    number; of its bits, inverted, the lowest says that it is known by its data set, and
    the others are a hash of its identity without the data set's name.
    """
    identity = image_identity(image, '')
    space, _, number = identity.partition(':')
    if is_in_collection(image) and space == 'coco':
        return int(number)
    return ~(_hash(identity) << 1 | (not is_in_collection(image)))


def are_own(numbers: np.ndarray) -> np.ndarray:
    """Which numbers (N,) of ``image_number`` are of images that no collection counts.
    """
    return (numbers < 0) & (~numbers & 1 == 1)


def join_dataset(numbers: np.ndarray, dataset: str) -> np.ndarray:
    """Make numbers (N,) of ``image_number`` comparable between data sets.

    The index beside a file does not depend on the file's name, so it is joined here.
    """
    return np.where(are_own(numbers), ~(~numbers ^ (_hash(dataset) << 1)), numbers)


def _hash(text: str) -> int:
    digest = hashlib.blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=8)
    return int.from_bytes(digest.digest(), 'little') >> (64 - HASH_BITS)
