"""Matrices of MATLAB files are those of SciPy; damaged files are refused."""
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import loadmat, savemat

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.files.mat import load_mat

MATRIX = (np.arange(35).reshape(5, 7) % 3 == 0).astype(np.uint8)


@pytest.mark.parametrize('version', ['4', '5'])
@pytest.mark.parametrize('compressed', [True, False])
def test_matrix_is_that_of_scipy(tmp_path, version, compressed):
    path = tmp_path / 'a.mat'
    savemat(path, dict(other=np.ones((2, 2)), mask=MATRIX, wide=np.eye(3, 4),
                       text='words'), format=version, do_compression=compressed)
    for name, dtype in (('mask', np.uint8), ('wide', np.float64)):
        expected = loadmat(path)[name]
        found = load_mat(path, name, expected.dtype.type)
        assert found.dtype == expected.dtype == dtype
        assert found.tolist() == expected.tolist()


def test_numbers_count_as_they_are_stored(tmp_path):
    """MATLAB stores a matrix of small doubles as bytes."""
    savemat(tmp_path / 'a.mat', dict(mask=MATRIX))
    data = bytearray((tmp_path / 'a.mat').read_bytes())
    assert data[144] == 9  # class uint8
    data[144] = 6  # class double
    (tmp_path / 'a.mat').write_bytes(data)
    assert load_mat(tmp_path / 'a.mat', 'mask').tolist() == MATRIX.tolist()


@pytest.mark.parametrize('value', [
    np.ones((2, 2, 2), np.uint8), np.ones((2, 2)), 'text', {'a': 1},
    np.array([1, 'a'], dtype=object), np.ones((2, 2)) * 1j])
def test_other_variables_are_refused(tmp_path, value):
    savemat(tmp_path / 'a.mat', dict(mask=value))
    with pytest.raises(AnnotationFileError, match='a.mat: mask is not a matrix of uint'
                       ) as error:
        load_mat(tmp_path / 'a.mat', 'mask')
    assert error.value.code == 'bad_type'
    with pytest.raises(AnnotationFileError, match='has no variable nothing') as error:
        load_mat(tmp_path / 'a.mat', 'nothing')
    assert error.value.code == 'missing_field'


@pytest.mark.parametrize('data', [b'', b'MATLAB', b'\x89HDF' + b'1' * 200,
                                  b'MATLAB 7.3' + b'1' * 200, b'x' * 300, b'\0' * 300])
def test_what_is_not_such_a_file_is_told(tmp_path, data):
    (tmp_path / 'a.mat').write_bytes(data)
    with pytest.raises(AnnotationFileError, match='a.mat'):
        load_mat(tmp_path / 'a.mat', 'mask')


@pytest.mark.slow
def test_compressed_zeros_do_not_take_the_memory(tmp_path):
    savemat(tmp_path / 'a.mat', dict(mask=MATRIX))
    head = (tmp_path / 'a.mat').read_bytes()[:128]
    packed = zlib.compress(bytes(1 << 28), 9)
    (tmp_path / 'a.mat').write_bytes(
        head + struct.pack('<II', 15, len(packed)) + packed)
    with pytest.raises(AnnotationFileError, match='unpacks to more than'):
        load_mat(tmp_path / 'a.mat', 'mask')


@pytest.mark.slow
@pytest.mark.parametrize('version', ['4', '5'])
@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_files_end_in_the_one_error(version, tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / 'damaged.mat'
    savemat(path, dict(a=np.ones((2, 3)), mask=MATRIX), format=version)
    changed = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 10))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(
            st.integers(0, 255))
    del changed[data.draw(st.integers(0, len(changed))):]
    path.write_bytes(changed)
    try:
        load_mat(path, 'mask')
    except AnnotationFileError:
        pass
