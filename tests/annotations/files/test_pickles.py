"""Files of unknown origin are read without running what is in them."""
import os
import pickle
import resource
import struct
import sys
import zipfile

import numpy as np
import pytest
import torch

from segvg.annotations.files.pickles import (
    AnnotationFileError,
    UnsafeFileError,
    load_json,
    load_npy,
    load_pickle,
    load_pth,
    parse_json,
)

calls = []


def record(*args):
    """What the malicious files of these tests ask for."""
    calls.append(args)


class Evil:
    """Pickles to a call of ``record``."""

    def __reduce__(self):
        return record, ('called',)


@pytest.fixture(autouse=True)
def no_calls():
    calls.clear()
    yield
    assert calls == []


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_pickles_of_every_protocol_are_read(tmp_path, protocol):
    content = [{'a': 1, 'b': 2.5, 'c': [True, None], 'd': ('x', 'é')}]
    path = tmp_path / 'refs.p'
    path.write_bytes(pickle.dumps(content, protocol))
    assert load_pickle(path) == content


def test_text_of_python_2_is_read_as_latin1(tmp_path):
    path = tmp_path / 'refs.p'
    path.write_bytes(b'\x80\x02]q\x00U\x04caf\xe9a.')
    assert load_pickle(path) == ['caf\xe9']


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle_that_asks_for_a_call_is_refused(tmp_path, protocol):
    path = tmp_path / 'refs.p'
    path.write_bytes(pickle.dumps([{'ref_id': 1}, Evil()], protocol))
    with pytest.raises(UnsafeFileError, match='record, which was not called') as error:
        load_pickle(path)
    assert error.value.code == 'unsafe_pickle'
    assert error.value.offset > 0 and f'byte {error.value.offset}' in str(error.value)


@pytest.mark.parametrize('data', [
    b'cposix\nsystem\n(S"true"\ntR.', b'(iposix\nsystem\n.', b'c__builtin__\neval\n.',
    b'\x80\x02c__builtin__\nset\nq\x00]\x85R.', b'\x80\x02\x82\x01.'])
def test_old_ways_to_name_things_are_refused(tmp_path, data):
    path = tmp_path / 'refs.p'
    path.write_bytes(data)
    with pytest.raises(AnnotationFileError, match='refs.p'):
        load_pickle(path)


@pytest.mark.parametrize('data', [b'P1\n.', b'\x80\x02K\x01Q.'])
def test_objects_outside_the_file_are_refused(tmp_path, data):
    path = tmp_path / 'refs.p'
    path.write_bytes(data)
    with pytest.raises(UnsafeFileError, match='objects outside the file'):
        load_pickle(path)


def test_numpy_in_a_pickle_is_refused_with_advice(tmp_path):
    path = tmp_path / 'refs.p'
    path.write_bytes(pickle.dumps([np.float64(1)]))
    with pytest.raises(UnsafeFileError, match='numpy.*scalar.*save the file again as '):
        load_pickle(path)


@pytest.mark.parametrize('load', [load_pickle, load_pth, load_json, load_npy])
@pytest.mark.parametrize('data', [b'', b'\x80', b'\xff\xff', b'ab'])
def test_damaged_files_end_in_the_one_error_type(tmp_path, load, data):
    path = tmp_path / 'file'
    path.write_bytes(data)
    with pytest.raises(AnnotationFileError, match='file'):
        load(path)


@pytest.mark.parametrize('size', range(1, 60, 7))
def test_pickle_cut_short_says_where(tmp_path, size):
    path = tmp_path / 'refs.p'
    path.write_bytes(pickle.dumps([{'ref_id': 1, 'text': 'a man' * 9}], 2)[:size])
    with pytest.raises(AnnotationFileError) as error:
        load_pickle(path)
    assert 0 <= error.value.offset <= size and error.value.code == 'bad_container'


@pytest.mark.parametrize('load', [load_pickle, load_pth, load_json, load_npy])
def test_size_is_capped_and_a_missing_file_named(tmp_path, load):
    path = tmp_path / 'file'
    path.write_bytes(b'[1, 2, 3]')
    with pytest.raises(AnnotationFileError, match='9 bytes, more than the limit of 8'):
        load(path, size_limit=8)
    with pytest.raises(FileNotFoundError, match='no file .*nothing'):
        load(tmp_path / 'nothing')


@pytest.mark.parametrize('zip_container', [True, False])
def test_lists_of_both_pth_containers_are_read(tmp_path, zip_container):
    rows = [('a.jpg', b'caf\xe9', [1, 2.5], {'height': 3}, None, torch.ones(2))]
    path = tmp_path / 'rows.pth'
    torch.save(rows, path, _use_new_zipfile_serialization=zip_container)
    found = load_pth(path)
    assert found[0][:5] == rows[0][:5] and found[0][5].tolist() == [1, 1]


@pytest.mark.parametrize('zip_container', [True, False])
def test_pth_that_asks_for_a_call_is_refused(tmp_path, zip_container):
    path = tmp_path / 'rows.pth'
    torch.save([Evil()], path, _use_new_zipfile_serialization=zip_container)
    with pytest.raises(UnsafeFileError, match='record, which was not called') as error:
        load_pth(path)
    assert error.value.code == 'unsafe_pickle'
    assert 'weights_only' not in str(error.value)  # no advice to read it unsafely


def test_strings_that_python_2_wrote_into_a_pth_come_as_bytes(tmp_path):
    head = b''.join(pickle.dumps(part, 2) for part in (
        0x1950a86a20f9469cfc6c, 1001, {'little_endian': True}))
    path = tmp_path / 'rows.pth'
    path.write_bytes(head + b'\x80\x02]q\x00(U\x04caf\xe9X\x01\x00\x00\x00be.'
                     + pickle.dumps([], 2))
    assert load_pth(path) == [b'caf\xe9', 'b']


def test_archive_that_unpacks_to_too_much_is_refused(tmp_path):
    path = tmp_path / 'rows.pth'
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('rows/data.pkl', b'\0' * 100_000)
    assert path.stat().st_size < 1000
    with pytest.raises(AnnotationFileError, match='unpacks to 100000 bytes'):
        load_pth(path, size_limit=1000)


def test_arrays_with_objects_are_refused(tmp_path):
    np.save(tmp_path / 'plain.npy', np.eye(2))
    assert load_npy(tmp_path / 'plain.npy').tolist() == [[1, 0], [0, 1]]
    np.save(tmp_path / 'bad.npy', np.array([Evil()], dtype=object), allow_pickle=True)
    np.savez(tmp_path / 'many.npy', a=np.eye(2))
    os.replace(tmp_path / 'many.npy.npz', tmp_path / 'many.npy')
    for name in ('bad.npy', 'many.npy'):
        with pytest.raises(UnsafeFileError, match='not one plain array') as error:
            load_npy(tmp_path / name)
        assert error.value.code == 'unsafe_npy'


def test_json_error_says_where_in_bytes(tmp_path):
    path = tmp_path / 'a.json'
    path.write_bytes('{"é": x}'.encode())
    with pytest.raises(AnnotationFileError) as error:
        load_json(path)
    assert error.value.offset == 7
    path.write_bytes(b'["\xff"]')
    with pytest.raises(AnnotationFileError) as error:
        load_json(path)
    assert error.value.offset == 2


def test_key_that_occurs_twice_is_an_error(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text('[{"a": 1, "b": 2, "a": 3}]')
    with pytest.raises(AnnotationFileError, match="the key 'a' occurs twice"):
        load_json(path)


def test_numbers_that_are_none_are_left_to_the_checks(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text('[NaN, Infinity]')
    first, second = load_json(path)
    assert first != first and second == float('inf')


def test_nested_too_deeply_is_an_error(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text('[' * 200_000)
    with pytest.raises(AnnotationFileError, match='RecursionError'):
        load_json(path)
    with pytest.raises(ValueError):
        parse_json(b'{')


@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='limit of Linux')
@pytest.mark.parametrize('index', [0x0fffffff, 0xffffffff])
def test_pickle_that_asks_for_gigabytes_is_refused(tmp_path, index):
    """A list remembered under a number that makes the table of the numbers huge."""
    path = tmp_path / 'bomb.p'
    path.write_bytes(b'\x80\x02]r' + struct.pack('<I', index) + b'.')
    before = resource.getrlimit(resource.RLIMIT_AS)
    with pytest.raises(AnnotationFileError, match='bomb.p'):
        load_pickle(path)
    assert resource.getrlimit(resource.RLIMIT_AS) == before
