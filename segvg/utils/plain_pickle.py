"""An unpickler that makes plain containers and what a caller admits, and calls nothing.

``pickle`` runs what a file names. This reader knows the opcodes of protocols 0 to 5 but
has no way to import: a name is looked up in a table of the caller, and everything else
is refused. What a file becomes is counted while it is read, so that a small file cannot
take the memory of the machine, and afterwards along every path, so that lists which
share their parts cannot keep a reader of them busy for ever.
"""
import codecs
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from mmap import mmap
from typing import Any, NoReturn, Optional, Union

from segvg.utils.plain_values import (
    VISIT_FACTOR,
    VISIT_FLOOR,
    PickleRefusedError,
    check_paths,
    copied_bytes,
    parse_int,
)

MEMORY_FLOOR = 1 << 28  # bytes that any file may become
MEMORY_FACTOR = 24  # and bytes for each of its own: 22 MB of refs become 0.2 GB
TUPLE_KEYS_LIMIT = 10_000
LARGE_INT_BITS = 127  # larger ones become infinite, see plain_values
# Memory that an opcode of one or two bytes can ask for, in bytes.
CONTAINER_BYTES, TUPLE_BYTES, MEMO_BYTES, REBUILT_BYTES = 72, 56, 100, 1000
LARGEST_HASHED = (1 << 61) - 2  # integers up to here have hashes of their own
UINT8, UINT16 = struct.Struct('<B'), struct.Struct('<H')
INT32, UINT32 = struct.Struct('<i'), struct.Struct('<I')
UINT64, FLOAT64 = struct.Struct('<Q'), struct.Struct('>d')
STOP = ord('.')
SCALARS = (str, int, float, bool, bytes, type(None))


@dataclass(frozen=True)
class Rebuild:
    """A name that a pickle may call: by a function of ours, never the one it names."""

    call: Callable[..., object]


@dataclass
class Draft:
    """A value that is complete when its state comes.

    Attributes:
        finish: makes the value from the state.
        value: the value, once made.
        keys: under which numbers the unpickler remembers it.
    """

    finish: Callable[[object], object]
    value: object = None
    is_finished: bool = False
    keys: list[int] = field(default_factory=list)


class PlainUnpickler:
    """Reads one pickle out of a buffer.

    Args:
        data: the bytes, or a mapped file.
        start: where the pickle begins.
        names: (module, name) -> a ``Rebuild``, or a value that stands for the name.
        persistent: gives the object for a persistent id; None refuses them.
        encoding: of the byte strings of Python 2; ``bytes`` leaves them as they are.
        memory: bytes that the result may take.

    Attributes:
        position: after ``load``, where the pickle ended.
    """

    def __init__(self, data: Union[bytes, mmap], *, start: int = 0,
                 names: Optional[Mapping[tuple[str, str], Any]] = None,
                 persistent: Optional[Callable[[object], object]] = None,
                 encoding: str = 'latin1', memory: int = MEMORY_FLOOR) -> None:
        self.position = start
        self._data = data
        self._size = len(data)
        self._names = names or {}
        self._persistent = persistent
        self._encoding = encoding
        self._room = memory
        self._stack: list[Any] = []
        self._marks: list[list[Any]] = []
        self._memo: dict[int, Any] = {}
        self._tuple_keys = 0

    def load(self) -> Any:
        """Read the pickle; PickleRefusedError when it cannot be or must not be."""
        data, opcodes = self._data, OPCODES
        at = self.position
        try:
            while True:
                at = self.position
                code = data[at]
                self.position = at + 1
                if code == STOP:
                    return self._finished(self._stack.pop())
                opcodes[code](self)
        except PickleRefusedError as error:
            if error.offset is None:
                error.offset = at
            raise
        except KeyError:
            self._refuse('damaged: an unknown opcode or reference', at)
        except (IndexError, ValueError, TypeError, struct.error, OverflowError):
            self._refuse('cut short or damaged', min(at, self._size))

    def _refuse(self, reason: str, at: Optional[int] = None,
                name: Optional[str] = None) -> NoReturn:
        raise PickleRefusedError(reason, at, name) from None

    def _take(self, size: int) -> None:
        self._room -= size
        if self._room < 0:
            self._refuse('becomes too large in memory for a file of its size')

    def _read(self, size: int) -> bytes:
        start = self.position
        self.position = end = start + size
        if size < 0 or end > self._size:
            raise IndexError
        return self._data[start:end]

    def _number(self, form: struct.Struct) -> Any:
        start = self.position
        self.position = start + form.size
        return form.unpack_from(self._data, start)[0]

    def _line(self) -> bytes:
        end = self._data.find(b'\n', self.position)
        if end < 0:
            raise IndexError
        line = self._data[self.position:end]
        self.position = end + 1
        return line

    def _pop_mark(self) -> list[Any]:
        items = self._stack
        self._stack = self._marks.pop()
        return items

    def _finished(self, value: Any) -> Any:
        """A value itself, for what stands in for one that its state completes."""
        if type(value) is Draft:
            if not value.is_finished:
                self._refuse('holds an object without its state')
            return value.value
        return value

    # --- scalars

    def _byte(self) -> None:
        self._stack.append(self._data[self.position])
        self.position += 1

    def _text_int(self) -> None:
        line = self._line().rstrip()
        if line in (b'00', b'01'):
            self._stack.append(line == b'01')
        else:
            self._stack.append(parse_int(line.removesuffix(b'L').decode('ascii')))

    def _text_float(self) -> None:
        self._stack.append(float(self._line()))

    def _push_long(self, data: bytes) -> None:
        self._take(len(data))
        value = int.from_bytes(data, 'little', signed=True)
        if value.bit_length() > LARGE_INT_BITS:
            self._stack.append(float('inf') if value > 0 else float('-inf'))
        else:
            self._stack.append(value)

    # --- text and bytes

    def _push_bytes(self, data: bytes) -> None:
        self._stack.append(bytes(data))

    def _push_old_string(self, data: bytes) -> None:
        self._stack.append(data if self._encoding == 'bytes' else
                           data.decode(self._encoding))

    def _text_string(self) -> None:
        line = self._line().strip()
        if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in b'"\'':
            raise ValueError
        self._push_old_string(codecs.escape_decode(line[1:-1])[0])

    def _push_text(self, data: bytes) -> None:
        if not data.isascii():
            self._take(3 * len(data))  # one wide character makes all of them wide
        self._stack.append(str(data, 'utf-8', 'surrogatepass'))

    def _text_unicode(self) -> None:
        self._stack.append(str(self._line(), 'raw-unicode-escape'))

    def _unicode32(self) -> None:  # the most frequent; the same as its neighbors
        start = self.position + 4
        end = start + UINT32.unpack_from(self._data, start - 4)[0]
        if end > self._size:
            raise IndexError
        self.position = end
        self._push_text(self._data[start:end])

    # --- containers

    def _mark(self) -> None:
        self._take(CONTAINER_BYTES)
        self._marks.append(self._stack)
        self._stack = []

    def _pop(self) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self._pop_mark()

    def _drop_mark(self) -> None:
        self._pop_mark()

    def _dup(self) -> None:
        self._stack.append(self._stack[-1])

    def _empty_list(self) -> None:
        self._take(CONTAINER_BYTES)
        self._stack.append([])

    def _empty_dict(self) -> None:
        self._take(CONTAINER_BYTES)
        self._stack.append({})

    def _empty_set(self) -> None:
        self._take(4 * CONTAINER_BYTES)
        self._stack.append(set())

    def _append(self) -> None:
        value = self._finished(self._stack.pop())
        self._list().append(value)

    def _appends(self) -> None:
        items = self._pop_mark()
        if Draft in map(type, items):
            items = [self._finished(item) for item in items]
        self._list().extend(items)

    def _list(self) -> list:
        target = self._stack[-1]
        if type(target) is not list:
            raise TypeError
        return target

    def _mark_list(self) -> None:
        self._take(CONTAINER_BYTES)
        items = [self._finished(item) for item in self._pop_mark()]
        self._stack.append(items)

    def _push_tuple(self, items: list) -> None:
        self._take(TUPLE_BYTES)
        if Draft in map(type, items):
            items = [self._finished(item) for item in items]
        self._stack.append(tuple(items))

    def _mark_tuple(self) -> None:
        items = self._pop_mark()
        self._push_tuple(items)

    def _last_tuple(self, length: int) -> None:
        items = self._stack[-length:]
        if len(items) != length:
            raise IndexError
        del self._stack[-length:]
        self._push_tuple(items)

    def _mark_dict(self) -> None:
        items = self._pop_mark()
        self._empty_dict()
        self._fill(self._stack[-1], items)

    def _set_item(self) -> None:
        items = self._stack[-2:]
        del self._stack[-2:]
        self._fill(self._stack[-1], items)

    def _set_items(self) -> None:
        items = self._pop_mark()
        self._fill(self._stack[-1], items)

    def _fill(self, target: Any, items: list) -> None:
        if not isinstance(target, dict) or len(items) % 2:
            raise TypeError
        self._take(CONTAINER_BYTES * (len(items) // 2))
        keys, values = items[::2], items[1::2]
        if set(map(type, keys)) != {str}:
            for key in keys:
                self._check_key(key)
        if Draft in map(type, values):
            values = [self._finished(value) for value in values]
        target.update(zip(keys, values))

    def _check_key(self, key: object) -> None:
        """Refuse keys whose hashes are made to be slow or equal."""
        if type(key) is tuple:
            self._tuple_keys += 1
            if self._tuple_keys > TUPLE_KEYS_LIMIT:
                self._refuse(f'has more than {TUPLE_KEYS_LIMIT} tuples for keys')
            for part in key:
                if type(part) not in SCALARS:
                    self._refuse('has a key that is not text or a number')
        elif type(key) not in SCALARS:
            self._refuse('has a key that is not text or a number')
        elif type(key) is int and abs(key) > LARGEST_HASHED:
            self._refuse('has an integer of more than 61 bits for a key')

    def _add_items(self) -> None:
        items = self._pop_mark()
        target = self._stack[-1]
        if type(target) is not set:
            raise TypeError
        target.update(self._checked_members(items))

    def _frozen_set(self) -> None:
        self._take(4 * CONTAINER_BYTES)
        items = self._pop_mark()
        self._stack.append(frozenset(self._checked_members(items)))

    def _checked_members(self, items: list) -> list:
        for item in items:
            self._check_key(item)
        self._take(CONTAINER_BYTES * len(items))
        return items

    # --- what was remembered

    def _remember(self, key: int) -> None:
        self._room -= MEMO_BYTES
        if self._room < 0:
            self._take(0)
        value = self._stack[-1]
        if type(value) is Draft:
            value.keys.append(key)
        self._memo[key] = value

    def _memoize(self) -> None:
        self._remember(len(self._memo))

    def _put(self) -> None:
        self._remember(int(self._line()[:20]))

    def _put8(self) -> None:
        self._remember(self._data[self.position])
        self.position += 1

    def _put32(self) -> None:
        start = self.position
        self.position = start + 4
        self._remember(UINT32.unpack_from(self._data, start)[0])

    def _get(self) -> None:
        self._stack.append(self._memo[int(self._line()[:20])])

    def _get8(self) -> None:
        self._stack.append(self._memo[self._data[self.position]])
        self.position += 1

    def _get32(self) -> None:
        start = self.position
        self.position = start + 4
        self._stack.append(self._memo[UINT32.unpack_from(self._data, start)[0]])

    # --- names and what is made of them

    def _global(self) -> None:
        module = self._line().decode('utf-8')
        self._push_name(module, self._line().decode('utf-8'))

    def _stack_global(self) -> None:
        name = self._stack.pop()
        module = self._stack.pop()
        if type(name) is not str or type(module) is not str:
            raise TypeError
        self._push_name(module, name)

    def _push_name(self, module: str, name: str) -> None:
        try:
            self._stack.append(self._names[module, name])
        except KeyError:
            asked = f'{module}.{name}'[:200]
            self._refuse(f'asks for {asked}, which was not called', name=asked)

    def _instance(self) -> None:
        self._global()  # no class may be made in the way of protocol 0
        self._refuse('makes an object in a way that is not read')

    def _extension(self) -> None:
        self._refuse('asks for a registered extension, which was not called',
                     name='a registered extension')

    def _reduce(self) -> None:
        arguments = self._stack.pop()
        target = self._stack.pop()
        if type(target) is not Rebuild or type(arguments) is not tuple:
            self._refuse('calls something that is not a function')
        self._take(REBUILT_BYTES + copied_bytes(arguments))
        self._stack.append(target.call(*arguments))

    def _new_object_with_keywords(self) -> None:
        if self._stack.pop() != {}:
            self._refuse('makes an object in a way that is not read')
        self._reduce()

    def _build(self) -> None:
        state = self._finished(self._stack.pop())
        target = self._stack[-1]
        if type(target) is Draft and not target.is_finished:
            self._take(REBUILT_BYTES + copied_bytes(state))
            target.value, target.is_finished = target.finish(state), True
            self._stack[-1] = target.value
            for key in target.keys:
                self._memo[key] = target.value
        elif isinstance(target, dict) and isinstance(state, dict):
            set_metadata(target, state)
        else:
            self._refuse('gives a state to something that has none')

    def _text_persistent(self) -> None:
        self._push_persistent(self._line().decode('ascii'))

    def _stack_persistent(self) -> None:
        self._push_persistent(self._stack.pop())

    def _push_persistent(self, key: object) -> None:
        if self._persistent is None:
            self._refuse('refers to objects outside the file', name='a persistent id')
        self._stack.append(self._persistent(key))

    # --- headers

    def _protocol(self) -> None:
        if self._number(UINT8) > 5:
            self._refuse('of a newer protocol of pickle')

    def _frame(self) -> None:
        self._number(UINT64)


def set_metadata(target: dict, state: dict) -> None:
    """Give an ordered dict the one attribute that weights have: their versions."""
    if set(state) - {'_metadata'} or not hasattr(target, '__dict__'):
        raise PickleRefusedError(
            f'gives the attributes {", ".join(map(repr, list(state)[:3]))} to a dict')
    vars(target).update(state)


def load_plain(data: Union[bytes, mmap], *, file_size: Optional[int] = None,
               start: int = 0, encoding: str = 'latin1',
               names: Optional[Mapping[tuple[str, str], Any]] = None,
               persistent: Optional[Callable[[object], object]] = None
               ) -> tuple[Any, int]:
    """Read one pickle; what it may become depends on the size of its file.

    Args:
        data: bytes or a mapped file.
        file_size: size of the file on disk; None is that of ``data``.
        start: where the pickle begins.
        encoding: of the byte strings of Python 2.
        names: what is admitted, see ``PlainUnpickler``.
        persistent: see there.

    Returns:
        The value, and where the pickle ended.

    Raises:
        PickleRefusedError: it cannot be read, or must not be.
    """
    size = len(data) if file_size is None else file_size
    reader = PlainUnpickler(
        data, start=start, names=names, persistent=persistent, encoding=encoding,
        memory=MEMORY_FLOOR + MEMORY_FACTOR * size)
    value = reader.load()
    check_paths(value, VISIT_FLOOR + VISIT_FACTOR * size)
    return value, reader.position


_Opcode = Callable[[PlainUnpickler], None]


def _constant(value: object) -> _Opcode:
    return lambda machine: machine._stack.append(value)


def _number(form: struct.Struct) -> _Opcode:
    return lambda machine: machine._stack.append(machine._number(form))


def _sized(push: Callable[[PlainUnpickler, bytes], None],
           form: struct.Struct) -> _Opcode:
    """An opcode that pushes bytes, whose number comes first."""
    return lambda machine: push(machine, machine._read(machine._number(form)))


def _tuple(length: int) -> _Opcode:
    return lambda machine: machine._last_tuple(length)


_M = PlainUnpickler
OPCODES: dict[int, _Opcode] = {ord(code): method for code, method in {
    'N': _constant(None), '\x88': _constant(True), '\x89': _constant(False),
    ')': _constant(()), 'K': _M._byte, 'M': _number(UINT16), 'J': _number(INT32),
    'G': _number(FLOAT64), 'I': _M._text_int, 'L': _M._text_int, 'F': _M._text_float,
    '\x8a': _sized(_M._push_long, UINT8), '\x8b': _sized(_M._push_long, INT32),
    'S': _M._text_string, 'T': _sized(_M._push_old_string, INT32),
    'U': _sized(_M._push_old_string, UINT8), 'V': _M._text_unicode,
    '\x8c': _sized(_M._push_text, UINT8), 'X': _M._unicode32,
    '\x8d': _sized(_M._push_text, UINT64), 'C': _sized(_M._push_bytes, UINT8),
    'B': _sized(_M._push_bytes, UINT32), '\x8e': _sized(_M._push_bytes, UINT64),
    '\x96': _sized(_M._push_bytes, UINT64), '(': _M._mark, '0': _M._pop,
    '1': _M._drop_mark, '2': _M._dup, ']': _M._empty_list, '}': _M._empty_dict,
    '\x8f': _M._empty_set, 'a': _M._append, 'e': _M._appends, 'l': _M._mark_list,
    't': _M._mark_tuple, '\x85': _tuple(1), '\x86': _tuple(2), '\x87': _tuple(3),
    'd': _M._mark_dict, 's': _M._set_item, 'u': _M._set_items, '\x90': _M._add_items,
    '\x91': _M._frozen_set, '\x94': _M._memoize, 'p': _M._put, 'q': _M._put8,
    'r': _M._put32, 'g': _M._get, 'h': _M._get8, 'j': _M._get32, 'c': _M._global,
    '\x93': _M._stack_global, 'i': _M._instance, '\x82': _M._extension,
    '\x83': _M._extension, '\x84': _M._extension, 'R': _M._reduce,
    '\x81': _M._reduce, '\x92': _M._new_object_with_keywords, 'b': _M._build,
    'P': _M._text_persistent, 'Q': _M._stack_persistent, '\x80': _M._protocol,
    '\x95': _M._frame}.items()}
