"""Archives of arrays are read without objects and without becoming too large."""
import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segvg.utils.arrays import read_arrays


def test_arrays_are_those_that_were_saved(tmp_path):
    saved = {'a': np.arange(6).reshape(2, 3).T, 'terms/b@0.5': np.zeros((0, 2)),
             'c': np.array(3.5), 'd': np.array(['text'])}
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / 'a.npz', **saved)
        found = read_arrays(tmp_path / 'a.npz')
        assert list(found) == list(saved)
        for name, array in saved.items():
            assert found[name].dtype == array.dtype
            assert found[name].tolist() == array.tolist()


def test_objects_are_refused(tmp_path):
    np.savez(tmp_path / 'a.npz', a=np.array([print], dtype=object))
    with pytest.raises(ValueError, match='a.npz is not an archive of plain arrays'):
        read_arrays(tmp_path / 'a.npz')
    with pytest.raises(FileNotFoundError, match='file .* does not exist'):
        read_arrays(tmp_path / 'b.npz')


def archive(path, data):
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as target:
        target.writestr('a.npy', data)


@pytest.mark.slow
def test_small_archive_cannot_become_gigabytes(tmp_path):
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(1))
    head = buffer.getvalue()[:-8].replace(b"'shape': (1,), }      ",
                                          b"'shape': (99999999,), }")
    assert b'99999999' in head
    archive(tmp_path / 'a.npz', head + bytes(80))
    with pytest.raises(ValueError, match='an array of shape .99999999'):
        read_arrays(tmp_path / 'a.npz')
    archive(tmp_path / 'a.npz', head + bytes(300 << 20))
    with pytest.raises(ValueError, match='unpacks to'):
        read_arrays(tmp_path / 'a.npz')


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_archives_end_in_the_one_error(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / 'damaged.npz'
    np.savez_compressed(path, a=np.arange(9.0), b=np.eye(2))
    changed = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(
            st.integers(0, 255))
    path.write_bytes(changed[:data.draw(st.integers(0, len(changed)))])
    try:
        read_arrays(path)
    except ValueError as error:
        assert 'damaged.npz' in str(error)
