"""Files of torch.save are read as torch reads them, or refused."""
import io
import pickle
import struct
import zipfile
from collections import OrderedDict

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from segvg.utils.plain_values import PickleRefusedError
from segvg.utils.torch_files import load_torch_file

CONTAINERS = pytest.mark.parametrize('is_zip', [True, False])


def save(path, content, is_zip=True):
    torch.save(content, path, _use_new_zipfile_serialization=is_zip)
    return path


def assert_same(found, expected):
    if isinstance(expected, torch.Tensor):
        assert found.dtype == expected.dtype and found.stride() == expected.stride()
        assert found.shape == expected.shape
        assert found.tolist() == expected.tolist()
    elif isinstance(expected, dict):
        assert list(found) == list(expected)
        for key, value in expected.items():
            assert_same(found[key], value)
    elif isinstance(expected, (list, tuple)):
        assert type(found) is type(expected) and len(found) == len(expected)
        for one, other in zip(found, expected):
            assert_same(one, other)
    else:
        assert found == expected


@CONTAINERS
def test_tensors_of_every_kind_are_those_of_torch(tmp_path, is_zip):
    model = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.BatchNorm1d(5))
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.randn(3, 4)).sum().backward()
    optimizer.step()
    base = torch.arange(24.0).view(2, 3, 4)
    content = dict(
        weights=model.state_dict(), optimizer=optimizer.state_dict(),
        turned=base.transpose(0, 2), part=base[1, 1:], empty=torch.empty(0, 3),
        scalar=torch.tensor(3), flags=torch.tensor([True, False]),
        half=torch.ones(2).bfloat16(), complex=torch.ones(2, dtype=torch.complex64),
        parameter=torch.nn.Parameter(torch.ones(2)), repeated=torch.ones(1).expand(9),
        size=torch.Size([1, 2]), dtype=torch.float16, rows=[('a', 1.5, None)],
        **dict(small=torch.ones(3).to(torch.uint16)) if is_zip else {})
    path = save(tmp_path / 'a.pth', content, is_zip)
    found = load_torch_file(path)
    assert_same(found, torch.load(path, weights_only=False))
    assert found['weights']._metadata == content['weights']._metadata
    assert (found['turned'].untyped_storage().data_ptr()
            == found['part'].untyped_storage().data_ptr())


def evil(path):
    class Evil:
        def __reduce__(self):
            return open, (str(path), 'w')
    return Evil()


@CONTAINERS
def test_calls_are_refused_by_name(tmp_path, is_zip):
    path = save(tmp_path / 'a.pth', [evil(tmp_path / 'marker')], is_zip)
    with pytest.raises(PickleRefusedError) as error:
        load_torch_file(path)
    assert error.value.name == 'io.open'
    assert not (tmp_path / 'marker').exists()


@CONTAINERS
def test_small_storage_cannot_become_a_large_tensor(tmp_path, is_zip):
    for count in (10**8, 10**12):
        path = save(tmp_path / 'a.pth', torch.ones(1).expand(count), is_zip)
        with pytest.raises(PickleRefusedError, match='far larger than the file'):
            load_torch_file(path)
    path = save(tmp_path / 'a.pth', [torch.ones(1000).expand(1000, 1000)
                                     for _ in range(90)], is_zip)
    with pytest.raises(PickleRefusedError, match='far larger than the file'):
        load_torch_file(path)


def test_sparse_quantized_and_empty_tensors_are_refused(tmp_path):
    for content, name in (
            (torch.eye(3).to_sparse(), '_rebuild_sparse_tensor'),
            (torch.quantize_per_tensor(torch.ones(2), 1.0, 0, torch.qint8), 'qtensor'),
            (torch.empty(3, device='meta'), '_rebuild_meta_tensor')):
        path = save(tmp_path / 'a.pth', content)
        with pytest.raises(PickleRefusedError, match=name):
            load_torch_file(path)


def test_number_of_bytes_and_bounds_are_checked(tmp_path):
    path = save(tmp_path / 'a.pth', torch.arange(6.0))
    data = path.read_bytes()
    for old, new in ((b'K\x06\x85q', b'K\x07\x85q'), (b'K\x01\x85q', b'K\x09\x85q'),
                     (b'cpuq\x04K\x06t', b'cpuq\x04K\x05t')):
        assert data.count(old) == 1
        path.write_bytes(rewrite(data, old, new))
        with pytest.raises(PickleRefusedError, match='reaches beyond|bytes for 5'):
            load_torch_file(path)


def rewrite(archive, old, new):
    """The archive with bytes of its pickle exchanged."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(
            out, 'w') as target:
        for entry in source.infolist():
            target.writestr(entry.filename,
                            source.read(entry).replace(old, new))
    return out.getvalue()


def archive_of(records, compression=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', compression) as archive:
        for name, data in records.items():
            archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize(('data', 'message'), [
    (b'', 'empty'), (b'not a checkpoint', 'not a file of torch.save'),
    (pickle.dumps([1, 2]), 'not a file of torch.save'), (b'\x80', 'cut short'),
    (b'PK\x03\x04', 'damaged zip'), (archive_of({}), 'not a file of torch.save'),
    (archive_of({'a/b': b'1'}), 'no data.pkl'),
    (archive_of({'a/data.pkl': b'}' * 10**6}, zipfile.ZIP_DEFLATED), 'unpacks to'),
    (archive_of({'a/data.pkl': pickle.dumps('ab' * 9)}, zipfile.ZIP_DEFLATED),
     'compressed'),
    (archive_of({'a/data.pkl': b'.', 'a/byteorder': b'big'}), 'byte order')])
def test_what_is_not_a_checkpoint_is_told(tmp_path, data, message):
    path = tmp_path / 'a.pth'
    path.write_bytes(data)
    with pytest.raises(PickleRefusedError, match=message):
        load_torch_file(path)


@pytest.mark.parametrize('at', ['disk', 'size', 'offset'])
def test_archives_with_wrong_directories_are_refused(tmp_path, at):
    path = save(tmp_path / 'a.pth', [torch.ones(5)])
    data = bytearray(path.read_bytes())
    entry = data.index(b'PK\x01\x02')
    end = data.index(b'PK\x05\x06')
    if at == 'disk':
        data[end + 4:end + 8] = b'\x02\x00\x02\x00'
    elif at == 'size':
        data[entry + 20:entry + 28] = struct.pack('<II', 10**9, 10**9)
    else:
        data[entry + 42:entry + 46] = struct.pack('<I', 10)
    path.write_bytes(data)
    try:
        assert load_torch_file(path)[0].tolist() == [1] * 5 and at == 'disk'
    except PickleRefusedError as error:
        assert 'zip' in str(error) or 'unpacks' in str(error)


def test_archive_without_a_byte_is_refused(tmp_path):
    """Its records then begin before the file."""
    data = save(tmp_path / 'a.pth', dict(a=torch.ones(30))).read_bytes()
    for at in range(0, len(data), 50):
        (tmp_path / 'b.pth').write_bytes(data[:at] + data[at + 1:])
        with pytest.raises(PickleRefusedError):
            load_torch_file(tmp_path / 'b.pth')


@pytest.mark.slow
@CONTAINERS
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_files_end_in_the_one_error(is_zip, tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp()
    path = save(folder / 'damaged.pth', OrderedDict(
        a=torch.arange(6.0).view(2, 3), b=[1, 'x']), is_zip)
    changed = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(
            st.integers(0, 255))
    del changed[data.draw(st.integers(len(changed) // 2, len(changed))):]
    path.write_bytes(changed)
    try:
        load_torch_file(path)
    except PickleRefusedError:
        pass
