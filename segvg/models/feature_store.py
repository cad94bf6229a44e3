"""Tensors by key in files of a folder, each of them whole or not there.

A folder belongs to one state of one encoder, which its name and ``about.json`` say. An
entry is a file of safetensors with the hash of its content; it is read through a memory
map. What is damaged counts as missing.
"""
import contextlib
import hashlib
import json
import logging
import os
from pathlib import Path
from typing import Any, Mapping, Optional

import torch
from mmengine.logging import print_log
from torch import Tensor

from segvg.utils.errors import InputError
from segvg.utils.files import remove_leftovers, write_whole

ABOUT = 'about.json'
#: Hexadecimal digits of the name of a folder.
NAME_LENGTH = 24
GIGABYTE = 1e9
#: Part of the limit after which a process looks what others have added.
LOOK_AFTER = 0.01


class FeatureStore:
    """The entries of one folder.

    Parts of entries that killed processes left are removed.

    Args:
        root: folder of all caches.
        about: all that the entries depend on; names the folder.
        max_gigabytes: what all caches of the root may take; then nothing is added.

    Raises:
        InputError: the folder of that name belongs to something else.
        OSError: it cannot be made or written.
    """

    def __init__(self, root: Path, about: Mapping[str, Any],
                 max_gigabytes: float = 50.0) -> None:
        text = json.dumps(about, indent=1, sort_keys=True) + '\n'
        digest = hashlib.blake2b(text.encode()).hexdigest()
        self.folder = Path(root) / digest[:NAME_LENGTH]
        path = self.folder / ABOUT
        try:
            found = path.read_text('utf-8')
        except FileNotFoundError:
            write_whole(path, text)
        else:
            if found != text:
                raise InputError(
                    f'{self.folder} is a cache of other features than its name says '
                    f'({ABOUT} was changed): remove the folder')
        self.about = dict(about)
        for folder in self.folder.glob('*/'):
            remove_leftovers(folder)
        self._verified: set[str] = set()
        self._limit = max_gigabytes * GIGABYTE
        self._size, self._unseen = bytes_below(Path(root)), 0

    def path(self, key: str) -> Path:
        """Return the file of a key."""
        return self.folder / key[:2] / f'{key}.safetensors'

    def read(self, key: str) -> Optional[tuple[dict[str, Tensor], dict[str, str]]]:
        """Return the tensors of a key and their facts; None: there is no whole entry.

        The hash is compared once in the life of a process.
        """
        from safetensors import SafetensorError, safe_open
        path = self.path(key)
        if not path.is_file():
            return None
        try:
            with safe_open(str(path), 'pt') as stream:
                facts = dict(stream.metadata() or {})
                tensors = {name: stream.get_tensor(name) for name in stream.keys()}
        except (SafetensorError, OSError) as error:
            return self._damaged(path, str(error))
        if key not in self._verified:
            if facts.get('key') != key or facts.get('hash') != content_hash(tensors):
                return self._damaged(path, 'its content has another hash')
            self._verified.add(key)
        return tensors, facts

    @staticmethod
    def _damaged(path: Path, reason: str) -> None:
        """Say that an entry does not count."""
        print_log(f'{path} is damaged ({reason}): these features are computed again',
                  logger='current', level=logging.WARNING)

    def write(self, key: str, tensors: Mapping[str, Tensor],
              facts: Mapping[str, str]) -> None:
        """Add an entry, in place of a damaged one if any.

        Raises:
            OSError: it cannot be written.
        """
        from safetensors.torch import save
        if self._size > self._limit:
            return
        own = {name: value.contiguous() for name, value in tensors.items()}
        data = save(own, dict(facts, key=key, hash=content_hash(own)))
        path = self.path(key)
        write_whole(path, data)
        self._verified.add(key)
        self._size += len(data)
        self._unseen += len(data)
        if self._unseen > LOOK_AFTER * self._limit:
            self._size, self._unseen = bytes_below(self.folder.parent), 0
        if self._size > self._limit:
            print_log(f'{self.folder.parent} holds {self._size / GIGABYTE:.1f} GB of '
                      'features: nothing is added any more (max_gigabytes of '
                      'FeatureCacheHook). Remove folders of other trainings, or use '
                      "dtype='float16'", logger='current', level=logging.WARNING)


def bytes_below(folder: Path) -> int:
    """Return what the files below a folder take; others may remove some meanwhile."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += os.stat(os.path.join(place, name)).st_size
    return total


def content_hash(tensors: Mapping[str, Tensor]) -> str:
    """Return a hash of names, shapes, types and values of tensors on the CPU."""
    found = hashlib.blake2b(digest_size=20)
    for name in sorted(tensors):
        add_tensor(found, name, tensors[name])
    return found.hexdigest()


def add_tensor(found: Any, name: str, tensor: Tensor) -> None:
    """Add a tensor to a hash: its name, type, shape and values."""
    found.update(f'{name} {tensor.dtype} {tuple(tensor.shape)} '.encode())
    if tensor.numel():
        values = tensor.detach().cpu().contiguous().reshape(-1)
        found.update(values.view(torch.uint8).numpy().data)
