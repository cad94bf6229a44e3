"""Files of ``torch.save``, read without unpickling freely.

Both containers are read: the zip archive, and the older one of several pickles followed
by the numbers. Tensors are made from the bytes of the file, after their sizes and steps
were compared with them.
"""
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from io import BufferedReader
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, NamedTuple, Optional, Union

import torch
from torch import Tensor

from segvg.utils.plain_pickle import Rebuild, load_plain
from segvg.utils.plain_values import PickleRefusedError

LEGACY_MAGIC = 0x1950a86a20f9469cfc6c
LEGACY_VERSION = 1001
#: Bytes that all tensors may have together, when storages are shared or repeated.
TENSORS_FLOOR, TENSORS_FACTOR = 1 << 23, 4
DIMENSIONS_LIMIT = 64
SIZE_LIMIT = 1 << 62
ENTRIES_LIMIT = 1 << 20
ZIP_MAGIC = b'PK\x03\x04'
LOCAL_HEADER = 30  # bytes of the header of a record in a zip archive, before its name

DTYPES = {f'{name}Storage': dtype for name, dtype in dict(
    Double=torch.float64, Float=torch.float32, Half=torch.float16,
    BFloat16=torch.bfloat16, Long=torch.int64, Int=torch.int32, Short=torch.int16,
    Char=torch.int8, Byte=torch.uint8, Bool=torch.bool, ComplexFloat=torch.complex64,
    ComplexDouble=torch.complex128, Untyped=torch.uint8).items()}
PLAIN_DTYPES = {str(dtype).removeprefix('torch.'): dtype for dtype in (
    value for value in vars(torch).values() if isinstance(value, torch.dtype))
    if not str(dtype).startswith(('torch.q', 'torch.bits'))}


class StorageKind(NamedTuple):
    """Stands for the class of a storage; nothing can be called on it."""

    dtype: torch.dtype


class Storage(NamedTuple):
    """The numbers that tensors of a file share, (numbers,)."""

    flat: Tensor


class _TensorBuilder:
    """Makes tensors out of storages, and counts what they become.

    Args:
        file_size: bytes of the file.
    """

    def __init__(self, file_size: int) -> None:
        self._room = TENSORS_FLOOR + TENSORS_FACTOR * file_size
        self.names: dict[tuple[str, str], Any] = {
            ('torch._utils', '_rebuild_tensor'): Rebuild(self._tensor),
            ('torch._utils', '_rebuild_tensor_v2'): Rebuild(self._tensor),
            ('torch._utils', '_rebuild_tensor_v3'): Rebuild(self._typed_tensor),
            ('torch._utils', '_rebuild_parameter'): Rebuild(_rebuild_parameter),
            ('torch._utils', '_rebuild_parameter_with_state'):
                Rebuild(_rebuild_parameter),
            ('torch._tensor', '_rebuild_from_type_v2'): Rebuild(_rebuild_from_type),
            ('torch.nn.parameter', 'Parameter'): 'torch.nn.Parameter',
            ('torch._tensor', 'Tensor'): 'torch.Tensor',
            ('torch', 'Tensor'): 'torch.Tensor',
            ('torch', 'Size'): Rebuild(_rebuild_size),
            ('torch', 'device'): Rebuild(_rebuild_device),
            ('torch.serialization', '_get_layout'): Rebuild(_rebuild_layout),
            ('_codecs', 'encode'): Rebuild(_encoded),
            ('torch.storage', 'UntypedStorage'): StorageKind(torch.uint8)}
        for module in ('torch', 'torch.cuda'):
            self.names.update({(module, name): StorageKind(dtype)
                               for name, dtype in DTYPES.items()})
        self.names.update({('torch', name): dtype
                           for name, dtype in PLAIN_DTYPES.items()})
        for module in ('collections', 'typing'):
            self.names[module, 'OrderedDict'] = Rebuild(_rebuild_ordered_dict)

    def _typed_tensor(self, *parts: object) -> Tensor:
        """As below, with the type of the numbers after gradients and hooks."""
        storage, offset, size, stride, _, _, dtype = parts[:7]
        if not isinstance(storage, Storage) or not isinstance(dtype, torch.dtype):
            raise PickleRefusedError('a tensor without numbers or their type')
        if len(storage.flat) * storage.flat.itemsize % dtype.itemsize:
            raise PickleRefusedError('a tensor whose bytes are not whole numbers')
        return self._tensor(Storage(storage.flat.view(dtype)), offset, size, stride)

    def _tensor(self, storage: Any, offset: Any, size: Any, stride: Any,
                *options: object) -> Tensor:
        """A view of a storage, inside its bounds; gradients and hooks are left out."""
        if not isinstance(storage, Storage):
            raise PickleRefusedError('a tensor without numbers')
        if (not _are_sizes(size) or not _are_sizes(stride) or not _are_sizes((offset, ))
                or len(size) != len(stride)):
            raise PickleRefusedError('a tensor of an impossible shape')
        count, last = 1, offset
        for length, step in zip(size, stride):
            count *= length
            last += (length - 1) * step
        if count and last >= len(storage.flat):
            raise PickleRefusedError(f'a tensor of shape {tuple(size)[:8]} that reaches'
                                     f' beyond its {len(storage.flat)} numbers')
        self._room -= count * storage.flat.itemsize
        if self._room < 0:
            raise PickleRefusedError(f'tensors (one of them of shape '
                                     f'{tuple(size)[:8]}) far larger than the file')
        return storage.flat.as_strided(tuple(size), tuple(stride), offset)


def _are_sizes(values: Any) -> bool:
    if not isinstance(values, tuple) or len(values) > DIMENSIONS_LIMIT:
        return False
    for value in values:  # in half the time of ``all`` of a generator
        if type(value) is not int or not 0 <= value < SIZE_LIMIT:
            return False
    return True


def _rebuild_parameter(data: object, *options: object) -> Tensor:
    if not isinstance(data, Tensor):
        raise PickleRefusedError('a parameter that is not a tensor')
    return data


def _rebuild_from_type(function: object, kind: object, arguments: object,
                       *state: object) -> Tensor:
    """A tensor that had attributes of its own, which are left out."""
    value = function.call(*arguments) if isinstance(function, Rebuild) and isinstance(
        arguments, tuple) else None
    if not isinstance(value, Tensor):
        raise PickleRefusedError('a tensor that is not made of numbers')
    return value


def _rebuild_size(sizes: Any) -> torch.Size:
    if not _are_sizes(sizes):
        raise PickleRefusedError('an impossible shape')
    return torch.Size(sizes)


def _rebuild_device(kind: object, index: object = None) -> str:
    """The name of a device; the device need not be there."""
    return str(kind)[:40] if index is None else f'{str(kind)[:40]}:{str(index)[:9]}'


def _rebuild_layout(name: object) -> str:
    return str(name)[:40]


def _encoded(text: object, encoding: object = 'latin1') -> bytes:
    """Bytes, as Python 3 writes them for Python 2."""
    if not isinstance(text, str) or encoding not in (
            'latin1', 'latin-1', b'latin1', b'latin-1'):
        raise PickleRefusedError('bytes of an unknown encoding')
    return text.encode('latin1')


def _rebuild_ordered_dict(pairs: object = ()) -> OrderedDict:
    result: OrderedDict = OrderedDict()
    if not isinstance(pairs, (list, tuple)):
        raise PickleRefusedError('an ordered dict that is not made of pairs')
    for pair in pairs:  # as Python 2 wrote them
        if (not isinstance(pair, (list, tuple)) or len(pair) != 2
                or not isinstance(pair[0], (str, int))):
            raise PickleRefusedError('an ordered dict that is not made of pairs')
        result[pair[0]] = pair[1]
    return result


def load_torch_file(path: Path, *, encoding: str = 'latin1',
                    names: Optional[Mapping[tuple[str, str], Any]] = None,
                    device: Union[str, torch.device] = 'cpu') -> Any:
    """Read a file of ``torch.save``: plain containers, tensors, and admitted names.

    Args:
        path: the file.
        encoding: of the byte strings of Python 2; ``bytes`` leaves them as they are.
        names: (module, name) -> a ``Rebuild``, or a value that stands for the name.
        device: where the tensors go; ``meta``: their numbers are not read.

    Raises:
        PickleRefusedError: the file is damaged, is not of ``torch.save``, becomes far
            larger than it is, or asks for a name that is not admitted.
    """
    size = path.stat().st_size
    if not size:
        raise PickleRefusedError('the file is empty')
    with open(path, 'rb') as stream:
        builder = _TensorBuilder(size)
        admitted = {**builder.names, **(names or {})}

        def load(data: Union[bytes, mmap], find: Callable[[object], object],
                 start: int = 0) -> tuple[Any, int]:
            return load_plain(data, file_size=size, start=start, encoding=encoding,
                              names=admitted, persistent=find)

        if stream.read(len(ZIP_MAGIC)) == ZIP_MAGIC:
            return _load_archive(stream, size, load, device)
        with mmap(stream.fileno(), 0, access=ACCESS_READ) as data:
            return _load_legacy(data, load, device)


_Load = Callable[..., tuple[Any, int]]


def _load_archive(stream: BufferedReader, size: int, load: _Load,
                  device: Union[str, torch.device]) -> Any:
    records = _records(stream, size)
    heads = [name for name in records if name.endswith('/data.pkl')]
    if len(heads) != 1:
        raise PickleRefusedError('not an archive of torch.save: it has no data.pkl')
    folder = heads[0].removesuffix('data.pkl')
    if f'{folder}byteorder' in records and _read_record(
            stream, records[f'{folder}byteorder']) != b'little':
        raise PickleRefusedError('numbers of another byte order')
    storages: dict[str, Storage] = {}

    def find(key: object) -> Storage:
        kind, name, count = _storage_key(key)
        if name not in storages:
            record = records.get(f'{folder}data/{name}')
            if record is None:
                raise PickleRefusedError(f'the numbers {name[:40]!r} are missing')
            storages[name] = _read_storage(stream, record, kind.dtype, count, device)
        return storages[name]

    return load(_read_record(stream, records[heads[0]]), find)[0]


class _Record(NamedTuple):
    """Where a file of an archive lies, in bytes."""

    start: int
    size: int


def _records(stream: BufferedReader, size: int) -> dict[str, _Record]:
    """The records of an archive; each has bytes of its own, and is not compressed."""
    try:
        with zipfile.ZipFile(stream) as archive:
            entries = archive.infolist()
    except Exception as error:  # of a parser, on bytes of any kind
        raise PickleRefusedError(
            f'a damaged zip archive ({type(error).__name__})') from None
    if len(entries) > ENTRIES_LIMIT:
        raise PickleRefusedError(f'an archive of more than {ENTRIES_LIMIT} records')
    if sum(entry.file_size for entry in entries) > size:
        raise PickleRefusedError(
            f'unpacks to {sum(entry.file_size for entry in entries)} bytes, more than '
            f'the {size} of the file')
    records = {}
    for entry in entries:
        if entry.compress_type or entry.flag_bits & 1:
            raise PickleRefusedError('a compressed or encrypted record, which '
                                     'torch.save does not write')
        if entry.header_offset < 0:
            raise PickleRefusedError('a damaged zip archive (a record begins before '
                                     'the file)')
        stream.seek(entry.header_offset)
        header = stream.read(LOCAL_HEADER)
        if len(header) < LOCAL_HEADER or not header.startswith(ZIP_MAGIC):
            raise PickleRefusedError('a damaged zip archive (a record has no header)')
        start = entry.header_offset + LOCAL_HEADER + sum(
            int.from_bytes(header[at:at + 2], 'little') for at in (26, 28))
        if start + entry.file_size > size:
            raise PickleRefusedError('a damaged zip archive (a record is cut short)')
        records[entry.filename] = _Record(start, entry.file_size)
    return records


def _read_record(stream: BufferedReader, record: _Record) -> bytes:
    stream.seek(record.start)
    return stream.read(record.size)


def _storage_key(key: object) -> tuple[StorageKind, str, int]:
    if (not isinstance(key, tuple) or len(key) < 5
            or key[0] not in ('storage', b'storage')
            or not isinstance(key[1], StorageKind) or not _are_sizes(key[4:5])):
        raise PickleRefusedError('a reference to numbers that is not one of torch.save')
    name = key[2].decode('latin1') if isinstance(key[2], bytes) else str(key[2])
    return key[1], name, key[4]


def _read_storage(stream: BufferedReader, record: _Record, dtype: torch.dtype,
                  count: int, device: Union[str, torch.device]) -> Storage:
    """The ``count`` numbers of a record."""
    if count * dtype.itemsize != record.size:
        raise PickleRefusedError(f'{record.size} bytes for {count} numbers of {dtype}')
    if torch.device(device).type == 'meta':
        return Storage(torch.empty(count, dtype=dtype, device=device))
    flat = torch.empty(count, dtype=dtype)
    if count:
        stream.seek(record.start)
        stream.readinto(flat.view(torch.uint8).numpy().data)
    return Storage(flat.to(device))


def _load_legacy(data: mmap, load: _Load, device: Union[str, torch.device]) -> Any:
    """Read magic number, version, system, content and keys, then the numbers."""
    if data[0] != 0x80:
        raise PickleRefusedError('not a file of torch.save')
    magic, position = load_plain(data)
    version, position = (load_plain(data, start=position) if magic == LEGACY_MAGIC
                         else (None, 0))
    if version != LEGACY_VERSION:
        raise PickleRefusedError('not a file of torch.save')
    _, position = load_plain(data, start=position)
    storages: dict[str, Storage] = {}
    room = len(data)

    def find(key: object) -> Storage:
        nonlocal room
        kind, name, count = _storage_key(key)
        if name not in storages:
            room -= count * kind.dtype.itemsize
            if room < 0:
                raise PickleRefusedError('more numbers than the file has bytes')
            storages[name] = Storage(torch.empty(count, dtype=kind.dtype,
                                                 device=device))
        return _view(storages[name], key)

    content, position = load(data, find, position)
    if torch.device(device).type == 'meta':
        return content
    keys, position = load_plain(data, start=position)
    _fill_storages(data, position, keys, storages)
    return content


def _view(storage: Storage, key: Any) -> Storage:
    """The part of a storage that the sixth entry of an old reference names."""
    part = key[5] if len(key) > 5 else None
    if part is None:
        return storage
    if not isinstance(part, tuple) or len(part) != 3 or not _are_sizes(part[1:]):
        raise PickleRefusedError('a reference to numbers that is not one of torch.save')
    return Storage(storage.flat[part[1]:part[1] + part[2]])


def _fill_storages(data: mmap, position: int, keys: object,
                   storages: dict[str, Storage]) -> None:
    """Copy the numbers, which follow the keys in their order, each after its count."""
    if not isinstance(keys, list) or not set(storages) <= {
            str(key) for key in keys if isinstance(key, str)}:
        raise PickleRefusedError('cut short or damaged: numbers are missing')
    for key in keys:
        if key not in storages:
            raise PickleRefusedError('damaged: numbers that nothing refers to')
        flat = storages[key].flat
        count = int.from_bytes(data[position:position + 8], 'little')
        end = position + 8 + count * flat.itemsize
        if count != len(flat) or end > len(data):
            raise PickleRefusedError('cut short or damaged', position)
        if count:
            numbers = torch.frombuffer(bytearray(data[position + 8:end]),
                                       dtype=torch.uint8)
            flat.copy_(numbers.view(flat.dtype))
        position = end
