"""Classes of published and older checkpoints become plain data; no other is reached."""
import argparse
import builtins
import collections
import pickle
import random

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer

from segvg.checkpoints.admitted import ADMITTED
from segvg.checkpoints.io import load_checkpoint, save_weights
from segvg.utils.errors import InputError


def test_classes_of_published_checkpoints_become_plain_data(tmp_path):
    counts = collections.Counter(a=2)
    default = collections.defaultdict(list, b=[1])
    torch.save(dict(
        args=argparse.Namespace(lr=1e-4, device=torch.device('cuda', 1)),
        scalar=np.float64(0.5), whole=np.int64(7), flag=np.bool_(True),
        array=np.arange(6, dtype=np.int32).reshape(2, 3).T,
        big=np.arange(3, dtype='>i2'),
        counts=counts, default=default, names={'a'}, part=slice(1, 2),
        ordered=collections.OrderedDict(c=1)), tmp_path / 'a.pth')
    found = load_checkpoint(tmp_path / 'a.pth')
    assert found['args'].lr == 1e-4 and found['args'].device == 'cuda:1'
    assert (found['scalar'], found['whole'], found['flag']) == (0.5, 7, True)
    assert type(found['scalar']) is float
    assert found['array'].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert found['big'].tolist() == [0, 1, 2]
    assert found['counts'] == dict(counts) and found['default'] == dict(default)
    assert found['names'] == ['a'] and found['part'] == (1, 2, None)


def test_history_of_mmengine_is_read_with_its_numbers_only(tmp_path):
    history = HistoryBuffer([1.0, 2.0, 3.0], [1, 1, 2])
    torch.save(dict(history=history), tmp_path / 'a.pth')
    found = load_checkpoint(tmp_path / 'a.pth')['history']
    assert isinstance(found, HistoryBuffer)
    assert found.mean() == history.mean() and found.max() == 3
    assert found._statistics_methods['min'] is HistoryBuffer.min
    assert set(vars(found)) == {'max_length', '_log_history', '_count_history'}


class Reach:
    """Pickles to ``getattr(owner, name)``."""

    def __init__(self, owner, name):
        self.arguments = (owner, name)

    def __reduce__(self):
        return getattr, self.arguments


@pytest.mark.parametrize(('owner', 'name'), [
    (HistoryBuffer, '__init__'), (HistoryBuffer, '__globals__'),
    (HistoryBuffer, 'register_statistics'), (np.ndarray, 'tofile'), ('a', 'format'),
    (torch.float32, '__class__'), (list, 'append')])
def test_attributes_are_not_looked_up(tmp_path, owner, name):
    torch.save(Reach(owner, name), tmp_path / 'a.pth')
    with pytest.raises(ValueError, match=f'a.pth cannot .*{name}.* was not called'):
        load_checkpoint(tmp_path / 'a.pth')


@pytest.mark.parametrize('array', [
    np.array([print], dtype=object), np.array(['text']), np.zeros(2, dtype='i4,f4'),
    np.array(['2020-01-01'], dtype='datetime64[D]')])
def test_arrays_hold_numbers_only(tmp_path, array):
    torch.save(array, tmp_path / 'a.pth')
    with pytest.raises(ValueError, match='a.pth cannot be read as a checkpoint'):
        load_checkpoint(tmp_path / 'a.pth')


def test_nothing_admitted_is_a_function_or_class_of_another_package():
    from segvg.utils.plain_pickle import Rebuild
    for name, value in ADMITTED.items():
        assert isinstance(value, (Rebuild, str)), name
        if isinstance(value, Rebuild):
            assert value.call.__module__ == 'segvg.checkpoints.admitted', name
    assert not {name for _, name in ADMITTED} & {
        'eval', 'exec', 'compile', 'open', '__import__'} & set(dir(builtins))


@pytest.mark.parametrize('content', [
    # a shape that does not belong to the bytes, a state of another class, no state
    b'cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tS"b"\ntR.',
    b'cnumpy.core.multiarray\n_reconstruct\n(clist\nlist\n(K\x00tS"b"\ntR.',
    b'cnumpy\ndtype\n(S"O8"\nI0\nI1\ntR.', b'cargparse\nNamespace\n)\x81K\x01b.',
    b'cargparse\nNamespace\n)\x81}X\x09\x00\x00\x00__class__K\x01sb.',
    b'cmmengine.logging.history_buffer\nHistoryBuffer\n)\x81}b.',
    b'c_codecs\nencode\n(X\x01\x00\x00\x00aX\x04\x00\x00\x00zlibtR.',
    b'ctorch._utils\n_rebuild_tensor_v2\n)R.'])
def test_admitted_names_check_their_arguments(tmp_path, content):
    head = b''.join(pickle.dumps(part, 2) for part in (
        0x1950a86a20f9469cfc6c, 1001, {}))
    (tmp_path / 'a.pth').write_bytes(head + content + pickle.dumps([], 2))
    with pytest.raises(ValueError, match='a.pth cannot be read as a checkpoint'):
        load_checkpoint(tmp_path / 'a.pth')


def rich_checkpoint():
    """What own and published checkpoints hold, of every admitted class."""
    return dict(
        state_dict=collections.OrderedDict(a=torch.ones(2, 3), b=torch.arange(4)),
        optimizer=dict(state={0: dict(step=torch.tensor(3.0))},
                       param_groups=[dict(lr=0.1, params=[0])]),
        message_hub=dict(log_scalars={'train/loss': HistoryBuffer([1.0], [1])}),
        meta=dict(epoch=1, args=argparse.Namespace(lr=0.1), mean=np.float64(0.5),
                  table=np.arange(6).reshape(2, 3), names={'a'},
                  counts=collections.Counter(a=2)))


@pytest.mark.slow
@pytest.mark.parametrize('container', ['zip', 'older', 'safetensors'])
def test_damaged_checkpoint_is_read_or_told_in_one_line(container, tmp_path):
    path = tmp_path / ('a.safetensors' if container == 'safetensors' else 'a.pth')
    if container == 'safetensors':
        save_weights(path, rich_checkpoint()['state_dict'])
    else:
        torch.save(rich_checkpoint(), path,
                   _use_new_zipfile_serialization=container == 'zip')
    whole, chance, read = path.read_bytes(), random.Random(container), 0
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(chance.choice([1, 1, 2, 8])):
            at = chance.randrange(len(data))
            data[at:at + chance.randrange(3)] = bytes(
                chance.randrange(256) for _ in range(chance.randrange(3)))
        path.write_bytes(data)
        try:
            load_checkpoint(path)
            read += 1
        except InputError as error:
            told = str(error)
            assert told.startswith(f'{path} cannot be read') and '\n' not in told, told
    assert 0 < read < 400
