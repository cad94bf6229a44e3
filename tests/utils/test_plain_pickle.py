"""Pickles become plain data or an error, in bounded time and memory."""
import math
import pickle
import struct
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segvg.utils import plain_pickle
from segvg.utils.plain_pickle import Draft, Rebuild, load_plain
from segvg.utils.plain_values import PickleRefusedError, check_paths

# All but surrogates, as without an argument; that would try to encode each first.
CHARACTERS = st.characters(exclude_categories=['Cs'])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-2**120, 2**120), st.floats(allow_nan=False),
    st.text(CHARACTERS), st.binary(max_size=300),
    st.text(CHARACTERS, min_size=250, max_size=400))
KEYS = st.one_of(st.text(CHARACTERS), st.integers(-2**50, 2**50), st.booleans())
VALUES = st.recursive(SCALARS, lambda inner: st.one_of(
    st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(KEYS, inner)),
    max_leaves=20)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(VALUES, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_plain_values_are_read_as_pickle_reads_them(value, protocol):
    names = {('_codecs', 'encode'): Rebuild(lambda text, _: text.encode('latin1'))}
    for owner in ('builtins', '__builtin__'):
        names[owner, 'bytes'] = Rebuild(bytes)
    data = pickle.dumps(value, protocol)
    found, end = load_plain(data, names=names)
    assert end == len(data)
    assert repr(found) == repr(value)


@pytest.mark.parametrize('protocol', range(4, pickle.HIGHEST_PROTOCOL + 1))
def test_sets_are_read(protocol):
    value = [{1, 'a'}, frozenset([2, 'b'])]
    assert load_plain(pickle.dumps(value, protocol))[0] == value


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_pickles_end_in_the_one_error(data):
    good = pickle.dumps([dict(a=1, b=[2.5, 'x' * 300, None]), (1, 2), 'y'], data.draw(
        st.integers(0, pickle.HIGHEST_PROTOCOL)))
    changed = bytearray(good[:data.draw(st.integers(1, len(good)))])
    for _ in range(data.draw(st.integers(0, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(
            st.integers(0, 255))
    try:
        load_plain(bytes(changed))
    except PickleRefusedError as error:
        assert error.offset is None or 0 <= error.offset <= len(changed)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_end_in_the_one_error_or_a_value(data):
    try:
        load_plain(data)
    except PickleRefusedError:
        pass


@pytest.mark.parametrize(('data', 'name'), [
    (b'cposix\nsystem\n(S"true"\ntR.', 'posix.system'),
    (b'(iposix\nsystem\n.', 'posix.system'),
    (b'\x80\x04\x8c\x08builtins\x8c\x04eval\x93.', 'builtins.eval'),
    (b'\x80\x02\x82\x01.', 'a registered extension'),
    (b'P1\n.', 'a persistent id'), (b'\x80\x02K\x01Q.', 'a persistent id')])
def test_what_is_not_admitted_is_named(data, name):
    with pytest.raises(PickleRefusedError) as error:
        load_plain(data)
    assert error.value.name == name


@pytest.mark.parametrize('data', [
    b'\x80\x02]K\x01\x85R.', b'\x80\x02X\x01\x00\x00\x00a)R.', b'\x80\x02])\x81.',
    b'\x80\x02]}b.', b'\x80\x02K\x01}X\x01\x00\x00\x00aK\x01sb.'])
def test_only_admitted_names_are_called_and_only_drafts_get_a_state(data):
    with pytest.raises(PickleRefusedError, match='calls something|gives a state|attri'):
        load_plain(data)


def test_draft_is_what_its_state_makes_it_wherever_it_was_remembered():
    names = {('a', 'B'): Rebuild(lambda: Draft(lambda state: ('made', state['x'])))}
    # [B(), the same again] with the state given to the first before it is repeated
    data = b'\x80\x02]ca\nB\n)\x81q\x05}X\x01\x00\x00\x00xK\x07sbah\x05a.'
    assert load_plain(data, names=names)[0] == [('made', 7)] * 2
    with pytest.raises(PickleRefusedError, match='without its state'):
        load_plain(b'\x80\x02ca\nB\n)\x81.', names=names)


def test_huge_integers_become_infinite():
    value = [10**5000, -10**5000, 10**38 - 1]
    for protocol in (1, 2):
        data = b''.join([b'(', *[
            b'L%dL\n' % number if protocol == 1 and number.bit_length() < 9000
            else pickle.dumps(number, 2)[2:-1] for number in value], b'l.'])
        assert load_plain(data)[0] == [math.inf, -math.inf, 10**38 - 1]
    assert load_plain(b'L' + b'9' * 5000 + b'L\n.')[0] == math.inf
    assert load_plain(b'I-' + b'9' * 5000 + b'\n.')[0] == -math.inf


def bomb_of_dicts():
    return b'\x80\x02(' + b'}' * 4_000_000 + b'l.'


def bomb_of_memory():
    return b'\x80\x04]' + b'\x94' * 4_000_000 + b'.'


def bomb_of_marks():
    return b'\x80\x02' + b'(' * 4_000_000 + b'.'


@pytest.mark.slow
@pytest.mark.parametrize('make', [bomb_of_dicts, bomb_of_memory, bomb_of_marks])
def test_small_file_cannot_become_gigabytes(make, monkeypatch):
    monkeypatch.setattr(plain_pickle, 'MEMORY_FLOOR', 1 << 22)
    data = make()
    tracemalloc.start()
    with pytest.raises(PickleRefusedError, match='too large in memory'):
        load_plain(data, file_size=4_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 24


@pytest.mark.parametrize('argument', [
    b'X' + struct.pack('<I', 1 << 20) + b'a' * (1 << 20) + b'\x85',
    b'(' + b'N' * (1 << 16) + b't\x85',
    b']q\x07(' + b'N' * (1 << 16) + b'e\x85'], ids=['text', 'tuple', 'list'])
def test_copies_of_what_is_remembered_cannot_become_gigabytes(argument):
    made = []
    data = (b'\x80\x02(ca\nB\nq\x00' + argument + b'q\x01R' + b'h\x00h\x01R' * 5000
            + b'l.')
    with pytest.raises(PickleRefusedError, match='too large in memory'):
        load_plain(data, names={('a', 'B'): Rebuild(made.append)})
    assert 10 < len(made) < 400
    state = b'\x80\x02(ca\nB\nq\x00' + argument + b'q\x01' + b'h\x00)Rh\x01b' * 5000
    with pytest.raises(PickleRefusedError, match='too large in memory'):
        load_plain(state + b'l.', names={('a', 'B'): Rebuild(lambda: Draft(len))})


def shared(levels, pair):
    value = 1
    for _ in range(levels):
        value = pair(value)
    return value


@pytest.mark.slow
@pytest.mark.parametrize('pair', [
    lambda value: [value, value], lambda value: (value, value),
    lambda value: dict(a=value, b=value)])
def test_lists_that_repeat_their_parts_are_refused(pair, monkeypatch):
    # 2 ** 45 values are too many for any floor, and millions take a while to meet.
    monkeypatch.setattr(plain_pickle, 'VISIT_FLOOR', 1 << 16)
    with pytest.raises(PickleRefusedError, match='repeats its parts'):
        load_plain(pickle.dumps(shared(45, pair), 2))
    assert load_plain(pickle.dumps(shared(10, pair), 2))[0] == shared(10, pair)


def test_long_text_repeated_often_is_refused():
    with pytest.raises(PickleRefusedError, match='repeats its parts'):
        load_plain(pickle.dumps(['x' * 10_000] * 10_000, 2))


def test_endless_and_deep_lists_are_refused():
    endless = []
    endless.append(endless)
    with pytest.raises(PickleRefusedError, match='deeper than 64'):
        load_plain(pickle.dumps(endless, 2))
    with pytest.raises(PickleRefusedError, match='deeper than 64'):
        load_plain(b']' * 100_000 + b'a' * 99_999 + b'.')
    check_paths([[[1]]], 10)


def test_keys_that_are_slow_to_compare_are_refused():
    key = (1, )
    for _ in range(60):
        key = (key, key)  # hashing it takes 2**60 steps
    data = b'\x80\x02}' + pickle.dumps(key, 2)[2:-1] + b'K\x01s.'
    start = time.monotonic()
    with pytest.raises(PickleRefusedError, match='key that is not text or a number'):
        load_plain(data)
    prime = (1 << 61) - 1
    with pytest.raises(PickleRefusedError, match='more than 61 bits'):
        load_plain(pickle.dumps({number * prime: 0 for number in range(9)}, 2))
    with pytest.raises(PickleRefusedError, match='tuples for keys'):
        load_plain(pickle.dumps({(number, ): 0 for number in range(10_001)}, 2))
    assert time.monotonic() - start < 5


@pytest.mark.parametrize('index', [0x0fffffff, 0xffffffff])
def test_number_of_a_remembered_value_takes_no_memory(index):
    data = b'\x80\x02]r' + struct.pack('<I', index) + b'.'
    assert load_plain(data)[0] == []
