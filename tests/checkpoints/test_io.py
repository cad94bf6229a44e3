"""Checkpoints are read safely, and written so that others can."""
import argparse
import logging
import os
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer

from segvg.checkpoints.io import (
    as_plain,
    check_any_fits,
    check_checkpoint,
    load_checkpoint,
    load_strictly,
    save_weights,
    state_dict_of,
)
from segvg.utils.errors import InputError


class Bomb:
    """Runs a command when it is unpickled freely."""

    def __reduce__(self):
        return os.system, ('echo boom > boom.txt',)


def test_code_in_a_checkpoint_is_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(dict(state_dict=dict(a=torch.ones(1)), extra=Bomb()), 'bad.pth')
    with pytest.raises(ValueError, match='bad.pth cannot be read as a checkpoint'):
        load_checkpoint('bad.pth')
    assert not (tmp_path / 'boom.txt').exists()


@pytest.mark.parametrize('is_zip', [True, False])
def test_checkpoint_is_checked_without_reading_its_values(tmp_path, is_zip):
    path, log = tmp_path / 'a.pth', HistoryBuffer([1.], [1])
    content = dict(state_dict=dict(a=torch.ones(2, 3)),
                   message_hub=dict(log_scalars=dict(loss=as_plain(log))))
    torch.save(content, path, _use_new_zipfile_serialization=is_zip)
    check_checkpoint(path)
    value = load_checkpoint(path, 'meta')['state_dict']['a']
    assert value.is_meta and value.shape == (2, 3)
    torch.save({**content, 'extra': Bomb()}, path,
               _use_new_zipfile_serialization=is_zip)
    with pytest.raises(InputError, match='a.pth cannot be read .* asks for .*system'):
        check_checkpoint(path)


@pytest.mark.parametrize('name', ['a.pth', 'a.safetensors'])
def test_missing_checkpoint_is_named_by_the_check(name, tmp_path):
    with pytest.raises(FileNotFoundError, match=f'checkpoint .*{name} does not exist'):
        check_checkpoint(tmp_path / name)


def test_arguments_of_published_checkpoints_are_admitted(tmp_path):
    torch.save(dict(model=dict(a=torch.ones(1)), args=argparse.Namespace(lr=1e-4)),
               tmp_path / 'published.pth')
    checkpoint = load_checkpoint(str(tmp_path / 'published.pth'))
    assert state_dict_of(checkpoint)['a'].item() == 1
    assert checkpoint['args'].lr == 1e-4


def test_missing_and_broken_files_are_told(tmp_path):
    with pytest.raises(FileNotFoundError, match='no.pth does not exist'):
        load_checkpoint('no.pth')
    (tmp_path / 'text.pth').write_text('not a checkpoint')
    with pytest.raises(ValueError, match='text.pth cannot be read'):
        load_checkpoint(str(tmp_path / 'text.pth'))


@pytest.mark.parametrize('content', [[1, 2], {}, dict(state_dict=dict(a=1))])
def test_file_without_weights_is_told(content):
    with pytest.raises(ValueError, match='a checkpoint is a dict of tensors'):
        state_dict_of(content)


def test_published_average_goes_before_the_weights():
    plain, average = dict(a=torch.zeros(1)), dict(a=torch.ones(1))
    assert state_dict_of(dict(model=plain, model_ema=average))['a'].item() == 1
    assert state_dict_of(dict(model=plain, model_ema=None))['a'].item() == 0


@pytest.mark.parametrize('data', [b'', b'PK\x03\x04', b'\x80\x02', b'\x00' * 99])
@pytest.mark.parametrize('name', ['a.pth', 'a.safetensors'])
def test_damaged_file_is_told_in_one_line(tmp_path, data, name):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=f'{name} cannot be read as a checkpoint') as e:
        load_checkpoint(tmp_path / name)
    assert '\n' not in str(e.value) and 'weights_only' not in str(e.value)


def test_program_in_the_notes_of_a_checkpoint_is_dropped(tmp_path):
    """mmengine runs ``meta['config']`` when it resumes."""
    torch.save(dict(state_dict={}, meta=dict(config='import os', epoch=1)),
               tmp_path / 'a.pth')
    assert load_checkpoint(tmp_path / 'a.pth')['meta'] == dict(epoch=1)


def test_weights_go_through_safetensors(tmp_path):
    shared = torch.arange(6.0).view(2, 3)
    state = dict(a=shared, b=shared.T, c=shared[1], d=torch.tensor(1))
    for name in ('new/a.safetensors', 'new/a.pth'):
        save_weights(tmp_path / name, state, dict(method='segvg'))
        found = state_dict_of(load_checkpoint(tmp_path / name))
        assert {key: value.tolist() for key, value in found.items()} == {
            key: value.tolist() for key, value in state.items()}


def test_what_is_saved_is_plain_and_comes_back(tmp_path):
    state = torch.nn.BatchNorm1d(2).state_dict()
    history = HistoryBuffer([1.0, 2.0], [1, 3])
    saved = as_plain(dict(
        state_dict=state, meta=dict(scalar=np.float32(0.5), path=Path('a/b'), n=(1, 2)),
        message_hub=dict(log_scalars=OrderedDict(loss=history), runtime_info=dict(
            array=np.arange(3)), resumed_keys={})))
    torch.save(saved, tmp_path / 'a.pth')
    # torch's own reader needs nothing admitted
    assert torch.load(tmp_path / 'a.pth', weights_only=True)['meta'] == dict(
        scalar=0.5, path='a/b', n=(1, 2))
    found = load_checkpoint(tmp_path / 'a.pth')
    again = found['message_hub']['log_scalars']['loss']
    assert isinstance(again, HistoryBuffer) and again.mean() == history.mean()
    assert found['state_dict']._metadata == state._metadata
    assert found['message_hub']['runtime_info']['array'].tolist() == [0, 1, 2]


def test_what_no_safe_reader_knows_is_left_out_with_a_warning(monkeypatch):
    told = []
    monkeypatch.setattr('segvg.checkpoints.io.print_log', lambda text, logger, level:
                        told.append((text.partition(':')[0], level)))
    assert as_plain(dict(a=[1, object()])) == dict(a=[1, None])
    assert told == [("checkpoint['a'][1] is left out of the checkpoint",
                     logging.WARNING)]


def test_weights_of_which_none_fits_are_refused():
    layer = torch.nn.Linear(2, 3)
    check_any_fits(layer, dict(weight=torch.ones(3, 2), other=torch.ones(1)), 'a.pth')
    for state in (dict(other=torch.ones(3, 2)), dict(weight=torch.ones(2, 3)), {}):
        with pytest.raises(ValueError, match='a.pth does not hold .* Linear: none of'):
            check_any_fits(layer, state, 'a.pth')


@pytest.mark.parametrize('content', [
    {'module.a.b': 1}, {'model.a.b': 1}, dict(model={'module.a.b': 1}),
    dict(state_dict={'model.a.b': 1}), dict(model_state_dict={'a.b': 1}),
    dict(model={'a.b': 1}, optimizer=None)])
def test_usual_wrappers_go(content):
    def fill(node):
        return {key: fill(value) if isinstance(value, dict) else value and torch.ones(1)
                for key, value in node.items()}
    assert list(state_dict_of(fill(content))) == ['a.b']


def test_part_that_is_called_model_keeps_its_name():
    state = {'model.a': torch.ones(1), 'head.b': torch.ones(1)}
    assert list(state_dict_of(state)) == list(state)


def test_other_table_of_positions_says_what_makes_its_length():
    class Encoder(torch.nn.Module):
        def __init__(self, length):
            super().__init__()
            self.position = torch.nn.Embedding(length, 2)

    with pytest.raises(ValueError, match=r'position.weight \(6, 2\) for \(4, 2\).*'
                       'max_tokens and the canvas'):
        load_strictly(Encoder(4), Encoder(6).state_dict(), 'a.pth')
