"""Options of the command line, and how weights get into a model."""
import argparse
import os

import pytest
import torch

from segvg.checkpoints.io import save_weights
from segvg.engine.launch import build_runner, load_config, load_weights, set_up_mpi
from segvg.utils.command_line import add_common_arguments
from tests.toy import ROOT, make_data, toy_config

SEGVG = ROOT / 'configs/segvg/segvg_refcoco.py'


def arguments(*flags: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument('config')
    add_common_arguments(parser)
    return parser.parse_args([str(SEGVG), *flags])


def test_misspelt_key_is_warned_of_with_the_nearest(capsys):
    cfg = load_config(arguments('--cfg-options', 'train_dataloader.batchsize=4'))
    told = capsys.readouterr().err
    assert "no key 'train_dataloader.batchsize'" in told
    assert 'did you mean train_dataloader.batch_size?' in told
    assert cfg.train_dataloader.batchsize == 4


def test_known_keys_are_silent_and_used(capsys):
    cfg = load_config(arguments(
        '--cfg-options', 'train_dataloader.dataset.pipeline.Resize.long=320',
        'model.head.loss_box.l1_weight=2', '--work-dir', 'elsewhere'))
    assert capsys.readouterr().err == ''
    assert cfg.train_dataloader.dataset.pipeline[3].long == 320
    assert cfg.model.head.loss_box.l1_weight == 2
    assert cfg.work_dir == 'elsewhere'


def test_work_dir_follows_the_config_name():
    assert load_config(arguments()).work_dir == 'work_dirs/segvg_refcoco'


def test_missing_config_is_told(tmp_path):
    args = arguments()
    args.config = str(tmp_path / 'no.py')
    with pytest.raises(FileNotFoundError, match='no.py does not exist'):
        load_config(args)


@pytest.fixture
def runner(tmp_path):
    return build_runner(toy_config(SEGVG, make_data(tmp_path / 'data'), tmp_path / 'w'))


@pytest.mark.parametrize('name', ['same.pth', 'same.safetensors'])
def test_weights_of_the_same_model_load(runner, tmp_path, name):
    runner.register_custom_hooks([dict(type='AverageHook')])  # looks into the file
    state = {key: torch.zeros_like(value)
             for key, value in runner.model.state_dict().items()}
    save_weights(tmp_path / name, state)
    load_weights(runner, str(tmp_path / name))
    assert all(not p.any() for p in runner.model.parameters())


def test_weights_of_another_model_are_refused(runner, tmp_path):
    state = dict(runner.model.state_dict())
    state.pop('head.norm.weight')
    state['head.other'] = torch.zeros(1)
    state['query_embed.weight'] = torch.zeros(2, 2)
    torch.save(dict(state_dict=state), tmp_path / 'other.pth')
    with pytest.raises(ValueError) as error:
        load_weights(runner, str(tmp_path / 'other.pth'))
    for part in ('other.pth does not hold the weights of this SegVG',
                 '1 missing (head.norm.weight)', '1 unknown (head.other)',
                 'of another shape (query_embed.weight (2, 2) for (6, 32))'):
        assert part in str(error.value)


def test_environment_of_open_mpi_is_read(monkeypatch):
    found = dict(RANK='5', SIZE='8', LOCAL_RANK='1', LOCAL_SIZE='8')
    for name in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_ADDR', 'MASTER_PORT'):
        monkeypatch.setenv(name, '')  # put back after the test
        monkeypatch.delenv(name)
    with pytest.raises(ValueError, match='OMPI_COMM_WORLD_RANK is not set; use mpirun'):
        set_up_mpi()
    for name, value in found.items():
        monkeypatch.setenv(f'OMPI_COMM_WORLD_{name}', value)
    monkeypatch.setenv('OMPI_COMM_WORLD_LOCAL_SIZE', '4')
    with pytest.raises(ValueError, match='several machines need MASTER_ADDR'):
        set_up_mpi()
    monkeypatch.setenv('OMPI_COMM_WORLD_LOCAL_SIZE', '8')
    set_up_mpi()
    assert [os.environ[name] for name in (
        'RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_ADDR', 'MASTER_PORT')] == [
            '5', '8', '1', '127.0.0.1', '29500']
