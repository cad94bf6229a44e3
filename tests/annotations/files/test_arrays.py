"""Arrays are read without objects in them."""
import os

import numpy as np
import pytest

from segvg.annotations.files.arrays import load_npy
from segvg.annotations.files.errors import AnnotationFileError, UnsafeFileError


class Evil:
    """Pickles to a call."""

    def __reduce__(self):
        return print, ('called',)


@pytest.mark.parametrize('data', [b'', b'\x80', b'\xff\xff', b'ab'])
def test_damaged_files_end_in_the_one_error_type(tmp_path, data):
    path = tmp_path / 'file'
    path.write_bytes(data)
    with pytest.raises(AnnotationFileError, match='file'):
        load_npy(path)


def test_size_is_capped_and_a_missing_file_named(tmp_path):
    path = tmp_path / 'file'
    path.write_bytes(b'[1, 2, 3]')
    with pytest.raises(AnnotationFileError, match='9 bytes, more than the limit of 8'):
        load_npy(path, size_limit=8)
    with pytest.raises(FileNotFoundError, match='file .*nothing does not exist'):
        load_npy(tmp_path / 'nothing')


def test_header_that_promises_more_than_there_is_is_refused(tmp_path):
    np.save(tmp_path / 'a.npy', np.zeros(9))
    data = (tmp_path / 'a.npy').read_bytes()
    for shape in (b'(9999999999999,)', b'(99999999,)'):
        old = b'(9,), }' + b' ' * (len(shape) - 4)
        assert old in data
        (tmp_path / 'a.npy').write_bytes(data.replace(old, shape + b', }'))
        with pytest.raises(AnnotationFileError, match='not one plain array'):
            load_npy(tmp_path / 'a.npy')


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
