"""Entries are whole or missing, also after a kill; folders belong to one encoder."""
import json
import logging
import os
import signal
import time
from multiprocessing.connection import Connection

import pytest
import torch

from segvg.models.feature_store import ABOUT, FeatureStore, bytes_below
from segvg.utils.errors import InputError
from tests.tools.killing import fork_server

ROW = {'0': torch.arange(12.0).reshape(3, 4), '1': torch.ones(2, dtype=torch.float16)}
KEY = 'ab' * 20


@pytest.fixture
def warnings(monkeypatch):
    told = []
    monkeypatch.setattr('segvg.models.feature_store.print_log',
                        lambda text, level=logging.INFO, **_: told.append(text))
    return told


def test_entry_is_read_as_it_was_written(tmp_path):
    store = FeatureStore(tmp_path, dict(weights='a'))
    assert store.read(KEY) is None
    store.write(KEY, ROW, dict(color='red'))
    for reader in (store, FeatureStore(tmp_path, dict(weights='a'))):
        tensors, facts = reader.read(KEY)
        assert facts['color'] == 'red'
        assert all(torch.equal(tensors[name], ROW[name]) for name in ROW)


def test_another_encoder_has_another_folder(tmp_path):
    FeatureStore(tmp_path, dict(weights='a')).write(KEY, ROW, {})
    other = FeatureStore(tmp_path, dict(weights='b'))
    assert other.read(KEY) is None
    assert json.loads((other.folder / ABOUT).read_text()) == dict(weights='b')


def test_folder_whose_record_was_changed_is_refused(tmp_path):
    store = FeatureStore(tmp_path, dict(weights='a'))
    (store.folder / ABOUT).write_text('{"weights": "b"}')
    with pytest.raises(InputError, match='cache of other features than its name says'):
        FeatureStore(tmp_path, dict(weights='a'))


def half(data: bytes) -> bytes:
    return data[:len(data) // 2]


def other_value(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize('damage', [half, other_value, lambda data: b''])
def test_damaged_entry_counts_as_missing(tmp_path, damage, warnings):
    FeatureStore(tmp_path, {}).write(KEY, ROW, {})
    store = FeatureStore(tmp_path, {})
    path = store.path(KEY)
    path.write_bytes(damage(path.read_bytes()))
    assert store.read(KEY) is None
    assert 'is damaged' in warnings[0] and 'computed again' in warnings[0]
    store.write(KEY, ROW, {})
    assert torch.equal(FeatureStore(tmp_path, {}).read(KEY)[0]['0'], ROW['0'])


def test_entry_of_another_key_counts_as_missing(tmp_path, warnings):
    """A file that was renamed or copied by hand."""
    store = FeatureStore(tmp_path, {})
    store.write(KEY, ROW, {})
    other = 'ac' * 20
    store.path(other).parent.mkdir()
    store.path(KEY).rename(store.path(other))
    assert FeatureStore(tmp_path, {}).read(other) is None


def test_nothing_is_added_beyond_the_limit(tmp_path, warnings):
    store = FeatureStore(tmp_path, {}, max_gigabytes=1e-7)
    store.write(KEY, ROW, {})
    store.write('ac' * 20, ROW, {})
    assert store.read(KEY) is not None and store.read('ac' * 20) is None
    assert len(warnings) == 1 and 'max_gigabytes' in warnings[0]
    full = FeatureStore(tmp_path, {}, max_gigabytes=1e-7)
    full.write('ad' * 20, ROW, {})
    assert full.read('ad' * 20) is None


def write_on(folder: str, told: Connection) -> None:
    """Write entries, one after another, and tell the key of each."""
    store = FeatureStore(folder, {})
    for number in range(100000):
        key = f'{number % 4:02d}' + f'{number:038d}'
        store.write(key, {'0': torch.full((200000, ), float(number))}, {})
        told.send(key)


def test_limit_is_of_all_who_add_to_a_folder(tmp_path, warnings):
    """Of two encoders, or two processes, each adds one entry beyond it at most."""
    rows = {'0': torch.zeros(10_000)}  # 40,000 bytes and some of names
    stores = [FeatureStore(tmp_path, dict(weights=name), max_gigabytes=4.1e-4)
              for name in 'ab']
    for number in range(20):
        for store in stores:
            store.write(f'{number:040d}', rows, {})
    assert 11 <= len(list(tmp_path.rglob('*.safetensors'))) <= 12
    assert len(warnings) == 2


def test_file_that_vanishes_while_the_folder_is_measured_does_not_count(
        tmp_path, monkeypatch):
    """What another process writes has another name a moment later."""
    (tmp_path / 'whole').write_bytes(b'123')
    (tmp_path / '.whole.host.1.part').write_bytes(b'12')
    listed = list(os.walk(tmp_path))
    (tmp_path / '.whole.host.1.part').unlink()
    monkeypatch.setattr(os, 'walk', lambda folder: listed)
    assert bytes_below(tmp_path) == 3


@pytest.mark.slow
def test_killed_writer_leaves_only_whole_entries(tmp_path):
    for delay in (0.01, 0.03):
        reader, told = fork_server().Pipe(duplex=False)
        writer = fork_server().Process(target=write_on, args=(str(tmp_path), told))
        writer.start()
        reader.recv()
        time.sleep(delay)
        writer.kill()
        writer.join()
        assert writer.exitcode == -signal.SIGKILL
        store = FeatureStore(tmp_path, {})
        assert not list(tmp_path.rglob('*.part'))
        found = sorted(tmp_path.rglob('*.safetensors'))
        assert found
        for path in found:
            tensors, _ = store.read(path.stem)
            assert (tensors['0'] == int(path.stem[2:])).all()
