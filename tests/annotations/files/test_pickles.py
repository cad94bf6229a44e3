"""Files of unknown origin are read without running what is in them."""
import pickle
import zipfile

import numpy as np
import pytest
import torch

from segvg.annotations.files.errors import AnnotationFileError, UnsafeFileError
from segvg.annotations.files.pickles import has_byte_strings, load_pickle, load_pth

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


def test_byte_strings_are_told_by_the_protocol(tmp_path):
    path = tmp_path / 'refs.p'
    for protocol, expected in ((0, True), (2, True), (3, False), (4, False)):
        path.write_bytes(pickle.dumps(['ä'], protocol))
        assert has_byte_strings(path) is expected


def test_numpy_in_a_pickle_is_refused_with_advice(tmp_path):
    path = tmp_path / 'refs.p'
    path.write_bytes(pickle.dumps([np.float64(1)]))
    with pytest.raises(UnsafeFileError, match='numpy.*scalar.*save the file again as '):
        load_pickle(path)


@pytest.mark.parametrize('load', [load_pickle, load_pth])
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


@pytest.mark.parametrize('load', [load_pickle, load_pth])
def test_size_is_capped_and_a_missing_file_named(tmp_path, load):
    path = tmp_path / 'file'
    path.write_bytes(b'[1, 2, 3]')
    with pytest.raises(AnnotationFileError, match='9 bytes, more than the limit of 8'):
        load(path, size_limit=8)
    with pytest.raises(FileNotFoundError, match='file .*nothing does not exist'):
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
