"""From a command line to a runner; shared by the tools."""
import argparse
import logging
import os
import sys
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.runner import Runner

from segvg.checkpoints.mmengine_loader import use_safe_loader
from segvg.checkpoints.published import load_model, read_checkpoint, takes_published
from segvg.checkpoints.quick_save import use_quick_save
from segvg.engine.console import ShortConsoleRunner, log_header
from segvg.engine.hooks.end_workers_hook import EndWorkersHook
from segvg.engine.speed import set_defaults
from segvg.utils.config_values import check_values
from segvg.utils.configs import load
from segvg.utils.errors import InputError
from segvg.utils.fast_config_dump import use_plain_text
from segvg.utils.file_backend import use_whole_files
from segvg.utils.precision import use_tf32


def load_config(args: argparse.Namespace) -> Config:
    """Return the config of a command line, with its options and work folder.

    Raises:
        FileNotFoundError: the config does not exist.
        ValueError: an option names a part that the config does not have.
    """
    cfg = load(args.config, args.cfg_options)
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(args.config).stem)
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return cfg


def build_runner(cfg: Config) -> Runner:
    """Return the runner of a config, ready for CPU, one GPU or several processes.

    Raises:
        ValueError: a value of the config was changed in one place only.
    """
    check_values(cfg)
    set_defaults(cfg)
    use_tf32(True)
    use_safe_loader()
    use_plain_text()
    use_whole_files()
    use_quick_save()
    if cfg.launcher == 'mpi':
        set_up_mpi()
    if cfg.launcher in ('pytorch', 'mpi') and not torch.cuda.is_available():
        # mmengine's own start of the process group calls CUDA.
        if not torch.distributed.is_initialized():
            torch.distributed.init_process_group('gloo')
        cfg.model_wrapper_cfg = dict(
            type='MMDistributedDataParallel', device_ids=None, broadcast_buffers=False,
            find_unused_parameters=cfg.get('find_unused_parameters', False))
    if cfg.get('runner_type') is None:
        runner = ShortConsoleRunner.from_cfg(cfg)
    else:
        from mmengine.registry import RUNNERS
        runner = RUNNERS.build(cfg)
    runner.register_hook(EndWorkersHook())
    log_header(runner)
    return runner


def set_up_mpi() -> None:
    """Pass the rank of this process and the number of processes from Open MPI to torch.

    On several machines MASTER_ADDR has to be the address of the first one.

    Raises:
        InputError: Open MPI did not start the process, or there are several machines
            and MASTER_ADDR is not set.
    """
    found = {}
    for name in ('RANK', 'SIZE', 'LOCAL_RANK', 'LOCAL_SIZE'):
        value = os.environ.get(f'OMPI_COMM_WORLD_{name}')
        if value is None:
            raise InputError(f'--launcher mpi: OMPI_COMM_WORLD_{name} is not set; use '
                             'mpirun of Open MPI: mpirun -np 4 python tools/train.py '
                             'CONFIG --launcher mpi')
        found[name] = value
    if 'MASTER_ADDR' not in os.environ:
        if found['SIZE'] != found['LOCAL_SIZE']:
            raise InputError('--launcher mpi: processes on several machines need '
                             'MASTER_ADDR, the address of the first (mpirun -x '
                             'MASTER_ADDR=...)')
        os.environ['MASTER_ADDR'] = '127.0.0.1'
    os.environ.setdefault('MASTER_PORT', '29500')
    os.environ.update(RANK=found['RANK'], WORLD_SIZE=found['SIZE'],
                      LOCAL_RANK=found['LOCAL_RANK'])


def load_weights(runner: Runner, path: str) -> dict:
    """Load a checkpoint that must fit the runner's model; returns its ``meta``.

    Args:
        runner: its model gets the weights.
        path: the file; for a foundation model a folder, or a name on the hub.

    Raises:
        FileNotFoundError: the file does not exist.
        ValueError: the file cannot be read safely or belongs to another model.
    """
    model = getattr(runner.model, 'module', runner.model)
    checkpoint = read_checkpoint(model, path)
    if not takes_published(model):
        # EMAHook puts the averaged weights in place here.
        runner.call_hook('after_load_checkpoint', checkpoint=checkpoint)
    load_model(model, checkpoint, path)
    runner._has_loaded = True
    return checkpoint.get('meta') or {}


def leave_group() -> None:
    """Wait for the other processes, close the group and end this process.

    The last call of a tool; it does nothing in a run of one process. Python's normal
    exit is avoided: a thread of gloo or autograd that asks for the interpreter at that
    moment sometimes aborts the process.
    """
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
