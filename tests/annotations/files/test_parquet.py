"""Parquet files are read in a process of their own, within limits."""
import datetime
import io
import pickle
import struct

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from segvg.annotations.files import parquet, parquet_process
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.files.parquet import column_names, iter_rows

DAY = datetime.date(2020, 1, 2)


def write(path, columns, **options):
    pq.write_table(pa.table(columns), path, **options)
    return path


@pytest.mark.slow
@pytest.mark.parametrize('needs_numpy', [False, True])
def test_rows_are_plain_values(tmp_path, monkeypatch, needs_numpy):
    monkeypatch.setattr(parquet, '_needs_numpy', lambda: needs_numpy)
    path = write(tmp_path / 'a.parquet', dict(
        a=[1, None, 3], b=[[1.5], [], None], c=[dict(x=b'ab'), None, dict(x=b'c')],
        d=['caf\xe9', '', None], e=[DAY, DAY, None]))
    assert column_names(path) == ['a', 'b', 'c', 'd', 'e']
    assert list(iter_rows(path)) == [
        dict(a=1, b=[1.5], c=dict(x=b'ab'), d='caf\xe9', e='2020-01-02'),
        dict(a=None, b=[], c=None, d='', e='2020-01-02'),
        dict(a=3, b=None, c=dict(x=b'c'), d=None, e=None)]


@pytest.mark.slow
def test_reading_may_stop_anywhere(tmp_path):
    path = write(tmp_path / 'a.parquet', dict(a=list(range(100_000))))
    rows = iter_rows(path)
    assert next(rows) == dict(a=0)
    rows.close()
    assert sum(row['a'] for row in iter_rows(path)) == sum(range(100_000))


@pytest.mark.slow
@pytest.mark.parametrize(('length', 'rows'), [(1_000_000, 500), (1_000, 500_000)])
def test_small_file_cannot_become_gigabytes(tmp_path, length, rows):
    values = pa.array(['x' * length]).take(pa.array([0] * rows))
    path = write(tmp_path / 'a.parquet', dict(a=values), compression='zstd')
    assert path.stat().st_size < 100_000
    with pytest.raises(AnnotationFileError, match='a.parquet.*(larger|memory)'):
        list(iter_rows(path))


def test_rows_of_large_images_are_told_in_several_frames(monkeypatch):
    """Five rows of 40 bytes; a frame holds 100, so two rows with their offsets."""
    monkeypatch.setattr(parquet_process, 'FRAME_BYTES', 100)
    values = [bytes([number]) * 40 for number in range(5)]
    output = io.BytesIO()
    parquet_process.say_rows(output, pa.record_batch(dict(a=pa.array(values))))
    output.seek(0)
    frames = []
    while head := output.read(8):
        kind, rows = pickle.loads(output.read(*struct.unpack('<Q', head)))
        assert kind == 'rows' and len(rows) <= 2
        frames += rows
    assert frames == [(value, ) for value in values]
    with pytest.raises(ValueError, match='a row of more than 100 bytes'):
        parquet_process.say_rows(output, pa.record_batch(dict(a=pa.array([b'a' * 99]))))


@pytest.mark.slow
def test_damaged_file_is_told_in_one_line(tmp_path):
    path = write(tmp_path / 'a.parquet', dict(a=[1, 2, 3]))
    data = path.read_bytes()
    for changed in (b'', b'PAR1', data[:-9], data[:20] + b'\xff' * 9 + data[29:]):
        path.write_bytes(changed)
        try:
            list(iter_rows(path))
        except AnnotationFileError as error:
            assert 'a.parquet' in str(error) and '\n' not in str(error)
    with pytest.raises(FileNotFoundError, match='file .* does not exist'):
        list(iter_rows(tmp_path / 'b.parquet'))


@pytest.mark.slow
def test_process_that_takes_too_long_is_ended(tmp_path, monkeypatch):
    path = write(tmp_path / 'a.parquet', dict(a=[1]))
    program = tmp_path / 'endless.py'
    program.write_text(
        'from segvg.annotations.files.parquet_process import limit_process\n'
        'limit_process(1 << 30, 1)\nwhile True:\n    pass\n')
    monkeypatch.setattr(parquet, 'PROGRAM', program)
    with pytest.raises(AnnotationFileError, match='a.parquet.* was ended'):
        list(iter_rows(path))


@pytest.mark.slow
def test_text_that_is_not_utf8_is_the_one_error(tmp_path):
    ends = pa.py_buffer(np.array([0, 2], np.int32).tobytes())
    text = pa.StringArray.from_buffers(1, ends, pa.py_buffer(b'\x90a'))
    path = tmp_path / 'a.parquet'
    pq.write_table(pa.table(dict(a=text)), path)
    with pytest.raises(AnnotationFileError, match='a.parquet: cannot be read .*utf-8'):
        list(iter_rows(path))
