"""The canonical form on disk: JSON lines by image, a meta file and an index."""
import contextlib
import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NoReturn, Optional, Union

import numpy as np

from segvg.annotations.image_identity import dataset_of, image_number, join_dataset
from segvg.annotations.line_checks import check_line, show
from segvg.annotations.line_index import index_path, load_index, save_index
from segvg.annotations.outputs import check_output
from segvg.utils.files import naming, part_of, remove_leftovers, write_whole

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = 'segvg-jsonl'
VERSION = '1.0'
BOX_FORMAT = 'xyxy_half_open'
SPLIT_NAME = re.compile(r'[A-Za-z0-9_+-][A-Za-z0-9_.+-]{0,63}')
LINE_KEYS = ('image', 'split', 'instances', 'exprs')


class UnwritableLineError(ValueError):
    """A line that cannot be part of a canonical file."""


def is_sample(expr: dict) -> bool:
    """Whether an expression can be asked for; a caption without a box cannot."""
    return bool(expr['targets']) or not expr.get('caption')


def sample_positions(line: dict) -> list[int]:
    """Positions in ``line['exprs']`` of the expressions that are samples."""
    return [i for i, expr in enumerate(line['exprs']) if is_sample(expr)]


def ref_positions(line: dict) -> list[list[int]]:
    """The samples of a line by ref; one without a ref id is a ref of its own."""
    groups: dict[object, list[int]] = {}
    for i in sample_positions(line):
        ref_id = line['exprs'][i].get('ref_id')
        key = ('alone', i) if ref_id is None else ('ref', ref_id)
        groups.setdefault(key, []).append(i)
    return list(groups.values())


def caption_positions(line: dict) -> list[int]:
    """Positions in ``line['exprs']`` of the sentences that have phrases."""
    return [i for i, expr in enumerate(line['exprs']) if expr.get('phrases')]


def summarise_line(line: dict) -> list[int]:
    """How many expressions, samples, refs and captions a line has; its image number."""
    return [len(line['exprs']), len(sample_positions(line)),
            len(ref_positions(line)), len(caption_positions(line)),
            image_number(line['image'])]


def check_version(version: object, where: str) -> None:
    """Refuse a file or line that another major version wrote."""
    if str(version).split('.')[0] != VERSION.split('.')[0]:
        raise ValueError(f'{where}: version {version!r} of {FORMAT} cannot be read, '
                         f'this package reads {VERSION}')


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f'{text} is not a number')


def check_split_name(split: object) -> None:
    """Refuse a name that cannot be the part of the name of a file.

    Raises:
        UnwritableLineError: it is not letters, digits, _, -, + and inner points.
    """
    if not isinstance(split, str) or not SPLIT_NAME.fullmatch(split):
        raise UnwritableLineError(
            f'{show(split)} is not the name of a split: letters, digits, '
            '_, -, + and points, up to 64')


class _SplitFile:
    """One JSONL file while it is written: hash, counts and index rows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.temporary = part_of(path)
        self.stream: BinaryIO = open(self.temporary, 'wb')
        self.digest = hashlib.sha256()
        self.rows: list[list[int]] = []
        self.images: set = set()
        self.refs: set = set()
        self.offset = self.exprs = 0

    def write(self, line: dict, data: bytes) -> None:
        """Append one group line, given its bytes too."""
        image_id = line['image']['id']
        if image_id in self.images:
            raise ValueError(f'image {image_id!r} already has a line in {self.path}; '
                             'there is one line per image and split')
        with naming(self.path):
            self.stream.write(data)
        self.digest.update(data)
        self.images.add(image_id)
        self.refs.update(expr['ref_id'] for expr in line['exprs']
                         if expr.get('ref_id') is not None)
        self.exprs += len(line['exprs'])
        self.rows.append([self.offset, *summarise_line(line)])
        self.offset += len(data)

    def finish(self) -> dict:
        """Name and index the file; returns its part of the meta file."""
        with naming(self.path):
            self.stream.close()
            index_path(self.path).unlink(missing_ok=True)
            os.replace(self.temporary, self.path)
        remove_leftovers(self.path.parent, self.path.name)
        save_index(self.path, self.rows)
        return dict(file=self.path.name, images=len(self.images),
                    refs=len(self.refs) or None, exprs=self.exprs, official=None,
                    sha256=self.digest.hexdigest())

    def abort(self) -> None:
        """Remove the file if it is unfinished."""
        with contextlib.suppress(OSError):  # what is left to write may not fit either
            self.stream.close()
        self.temporary.unlink(missing_ok=True)


def _encode(line: dict) -> bytes:
    try:
        text = json.dumps(line, ensure_ascii=False, separators=(',', ':'),
                          allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise UnwritableLineError(
            f'a field is not a number or too deep ({error})') from None
    try:
        return text.encode('utf-8') + b'\n'
    except UnicodeEncodeError:  # half a surrogate pair, which only an escape can say
        return json.dumps(line, separators=(',', ':')).encode('ascii') + b'\n'


class CanonicalWriter:
    """Writes ``<name>_<split>.jsonl``, their indexes and ``<name>.meta.json``.

    Used as a context manager. Files get their names when the block ends; after an
    exception they are removed. Until then entries may be added to ``meta`` and to
    ``meta['splits']``: the entries of a split (such as ``official``) are joined to its
    counts. An existing meta file keeps its other splits whose files exist.

    Args:
        out_dir: folder of the files.
        name: of the data set.
        meta: content of the meta file.
        overwrite: whether an existing split is replaced.
    """

    def __init__(self, out_dir: Union[str, Path], name: str, meta: dict, *,
                 overwrite: bool = True) -> None:
        self.out_dir = Path(out_dir)
        self.name = name
        self.meta = dict(meta)
        self.overwrite = overwrite
        self._files: dict[str, _SplitFile] = {}

    def __enter__(self) -> 'CanonicalWriter':
        return self

    def __exit__(self, error_type: Optional[type[BaseException]], *_: object) -> None:
        try:
            if error_type is None:
                self.close()
        finally:
            self.abort()

    def write(self, line: dict) -> None:
        """Append a group line to the file of its split."""
        _check_line(line)
        data, split = _encode(line), line['split']
        check_split_name(split)
        if split not in self._files:
            path = self.out_dir / f'{self.name}_{split}.jsonl'
            check_output(path, overwrite=self.overwrite)
            self.out_dir.mkdir(parents=True, exist_ok=True)
            self._files[split] = _SplitFile(path)
        self._files[split].write(line, data)

    def close(self) -> dict:
        """Finish all files and write the meta file; returns its content."""
        given = self.meta.get('splits', {})
        splits = {split: {**file.finish(), **given.get(split, {})}
                  for split, file in self._files.items()}
        meta = {'format': FORMAT, 'version': VERSION, 'box': BOX_FORMAT, **self.meta,
                'splits': splits}
        self.out_dir.mkdir(parents=True, exist_ok=True)
        path = self.out_dir / f'{self.name}.meta.json'
        meta = _join_meta(path, meta)
        write_whole(path, json.dumps(meta, indent=1, ensure_ascii=False) + '\n')
        return meta

    def abort(self) -> None:
        """Remove what was written so far."""
        for file in self._files.values():
            file.abort()


def _join_meta(path: Path, meta: dict) -> dict:
    """The meta file to write, with the other splits of an existing one."""
    try:
        old = json.loads(path.read_bytes())
        kept = {split: facts for split, facts in old['splits'].items()
                if split not in meta['splits']
                and path.with_name(facts['file']).is_file()}
        check_version(old['version'], str(path))
        if old['format'] != FORMAT or not kept:
            return meta
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return meta
    joined = {**meta, 'splits': {**kept, **meta['splits']}}
    for key in ('sources', 'image_roots'):
        if isinstance(old.get(key), list):
            new = meta.get(key, [])
            joined[key] = [item for item in old[key] if item not in new] + new
    if isinstance(old.get('categories'), dict):
        joined['categories'] = {**old['categories'], **meta.get('categories', {})}
    if isinstance(old.get('report'), dict):
        counts = Counter(old['report'])
        counts.update(meta.get('report', {}))
        joined['report'] = dict(sorted(counts.items()))
    return joined


def _check_line(line: dict) -> None:
    missing = [key for key in LINE_KEYS if key not in line]
    if missing:
        raise ValueError(f'a group line needs {", ".join(LINE_KEYS)}; '
                         f'{", ".join(missing)} missing in {str(line)[:200]}')
    limit = len(line['instances'])
    for expr in line['exprs']:
        targets = expr['targets']
        if sorted(set(targets)) != list(targets) or any(
                not 0 <= target < limit for target in targets):
            raise ValueError(
                f'targets of expression {expr.get("id")!r} of image '
                f'{line["image"]["id"]!r} are {targets}; expected sorted, unique '
                f'indices into its {limit} instances')


class CanonicalFile:
    """The lines of one JSONL file, read one by one through the index.

    The index is made in one pass when there is none or the file changed, and saved
    beside the file. Safe to pickle and to use after a fork: each process opens the
    file itself. ``lazy=False`` keeps the bytes of the file in shared memory instead,
    for disks that are slow to seek: workers, forked or spawned, do not copy them.

    Attributes:
        name: name of the data set, ``<name>`` of ``<name>_<split>.jsonl``.
        split: the split of all lines.
        counts: (lines, 3) int64, samples, refs and captions of each line.
        expr_starts: (lines,) int64, running number of the first expression of each.
        image_numbers: (lines,) int64, equal for lines of one image, in all files; which
            images are one, ``annotations/image_identity.py`` says.
        meta: content of the meta file, empty when there is none.
    """

    def __init__(self, path: Union[str, Path], lazy: bool = True) -> None:
        self.path = Path(path)
        index = load_index(self.path)
        if index is None:
            index = save_index(self.path, self._scan())
        self._offsets = np.append(index[1:, 0], index[0, 1])
        self.counts = index[1:, 2:5]
        self.expr_starts = np.cumsum(index[1:, 1]) - index[1:, 1]
        self._stream: Optional[BinaryIO] = None
        self._pid = -1
        self._sizes: Optional[np.ndarray] = None
        self._buffer: Optional[Tensor] = None
        if not lazy:
            import torch
            self._buffer = torch.from_numpy(
                np.fromfile(self.path, dtype=np.uint8)).share_memory_()
        if len(self) == 0:
            raise ValueError(f'{self.path} has no lines')
        self._checked = np.zeros(len(self), dtype=bool)
        self.split = self[0]['split']
        self.image_numbers = join_dataset(index[1:, 5],
                                          dataset_of(self.path, self.split))
        self.name = self.path.stem.removesuffix(f'_{self.split}')
        self.meta = self._load_meta()

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, number: int) -> dict:
        if not 0 <= number < len(self):
            raise IndexError(f'{self.path} has {len(self)} lines, not {number + 1}')
        start, end = self._offsets[number:number + 2].tolist()
        line = self._parse(self._read(start, end), number + 1,
                           check=not self._checked[number])
        # What is in memory stays as it was checked; a file may change.
        self._checked[number] = self._buffer is not None
        return line

    def __iter__(self) -> Iterator[dict]:
        return (self[number] for number in range(len(self)))

    def image_sizes(self) -> np.ndarray:
        """Width and height (lines, 2) int64 of the images, read at the first call."""
        if self._sizes is None:
            images = (line['image'] for line in self)
            self._sizes = np.array([(image['width'], image['height'])
                                    for image in images], dtype=np.int64)
        return self._sizes

    def __getstate__(self) -> dict:
        return {**self.__dict__, '_stream': None, '_pid': -1}

    def _read(self, start: int, end: int) -> bytes:
        if self._buffer is not None:
            return self._buffer[start:end].numpy().tobytes()
        if self._stream is None or self._pid != os.getpid():
            self._stream, self._pid = open(self.path, 'rb'), os.getpid()
        self._stream.seek(start)
        return self._stream.read(end - start)

    def _parse(self, data: bytes, number: int, *, check: bool = True) -> dict:
        try:
            line = json.loads(data, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ValueError(f'{self.path}, line {number}: not a JSON object '
                             f'({type(error).__name__}: {error})') from None
        if not check:
            return line
        try:
            check_line(line)
        except ValueError as error:
            raise ValueError(f'{self.path}, line {number}: {error}') from None
        check_version(line.get('segvg', VERSION), f'{self.path}, line {number}')
        return line

    def _scan(self) -> list[list[int]]:
        """One pass over the file: offset and counts of every line."""
        rows, offset, split = [], 0, None
        with open(self.path, 'rb') as stream:
            for number, data in enumerate(stream, 1):
                line = self._parse(data, number)
                split = line['split'] if split is None else split
                if line['split'] != split:
                    raise ValueError(f'{self.path}, line {number}: split '
                                     f'{line["split"]!r} in a file of {split!r}')
                rows.append([offset, *summarise_line(line)])
                offset += len(data)
        return rows

    def _load_meta(self) -> dict:
        path = self.path.with_name(f'{self.name}.meta.json')
        if not path.exists():
            return {}
        try:
            meta = json.loads(path.read_text(encoding='utf-8'))
        except (ValueError, RecursionError) as error:
            raise ValueError(f'{path}: not JSON ({error})') from None
        if not isinstance(meta, dict):
            raise ValueError(f'{path}: expected an object, got {show(meta)}')
        check_version(meta.get('version'), str(path))
        return meta
