"""Train a model from a config."""
import argparse
import os
from contextlib import nullcontext
from pathlib import Path

from segvg.utils.command_line import add_common_arguments, add_precision, fail
from segvg.utils.exits import one_line_errors


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('--amp', action='store_true',
                        help='mixed precision, --dtype float16; needs a GPU')
    add_precision(parser)
    parser.add_argument(
        '--auto-scale-lr', action='store_true',
        help='scale the learning rate with the actual batch size')
    parser.add_argument(
        '--resume', nargs='?', const='auto', metavar='CHECKPOINT',
        help='resume from a checkpoint, without a value from the last one in the work '
        'folder; ends with the weights of a training that was never stopped')
    add_common_arguments(parser)
    return parser.parse_args()


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

from mmengine.config import Config

from segvg.engine.hooks.enough_samples_hook import check_enough_samples
from segvg.engine.launch import build_runner, leave_group, load_config
from segvg.engine.preflight import check_files
from segvg.engine.resume import find_last_checkpoint
from segvg.engine.speed import use_precision
from segvg.leakage.guard import guard_training_data
from segvg.utils.folder_lock import is_first_process, lock_folder


def set_precision(cfg: Config, args: argparse.Namespace) -> None:
    """Write the precision of training into the config.

    Raises:
        ValueError: ``--amp`` without a GPU or with another ``--dtype``.
    """
    if args.amp:
        import torch
        if not torch.cuda.is_available():
            raise ValueError('--amp needs a GPU; --dtype bfloat16 does not')
        if args.dtype not in (None, 'float16'):
            raise ValueError(f'--amp is float16, not --dtype {args.dtype}')
        args.dtype = 'float16'
    if args.dtype:
        cfg.optim_wrapper.update(type='PrecisionOptimWrapper', dtype=args.dtype)


def apply_flags(cfg: Config, args: argparse.Namespace) -> None:
    """Write what the flags say into the config.

    Raises:
        ValueError: a flag does not fit this machine or this config.
        FileNotFoundError: the checkpoint to resume from does not exist.
    """
    set_precision(cfg, args)
    if args.auto_scale_lr:
        if 'base_batch_size' not in (cfg.get('auto_scale_lr') or {}):
            raise ValueError('--auto-scale-lr needs auto_scale_lr.base_batch_size in '
                             'the config')
        cfg.auto_scale_lr.enable = True
    if args.resume == 'auto':
        last = find_last_checkpoint(Path(cfg.work_dir))
        if last is not None:  # else it begins as without the flag
            cfg.resume, cfg.load_from = True, str(last)
    elif args.resume is not None:
        if not os.path.isfile(args.resume):
            raise FileNotFoundError(f'checkpoint {args.resume} does not exist')
        cfg.resume, cfg.load_from = True, args.resume


@one_line_errors
def main() -> None:
    """Train."""
    args = parse_args()
    try:
        cfg = load_config(args)
        if cfg.get('train_dataloader') is None or cfg.get('train_cfg') is None:
            raise ValueError(f'{args.config} has no train_dataloader or train_cfg: its '
                             'model is scored, not trained')
        apply_flags(cfg, args)
        loaders = ['train_dataloader']
        if cfg.get('val_cfg') is not None:
            loaders.append('val_dataloader')
        # A run that is resumed has its weights in its checkpoint.
        check_files(cfg, loaders, pretrained=not cfg.get('load_from'))
        guard_training_data(cfg)
    except (FileNotFoundError, ValueError, KeyError) as error:
        fail(error)
    with lock_folder(cfg.work_dir) if is_first_process() else nullcontext():
        runner = build_runner(cfg)
        use_precision(runner.model, args.dtype, compiled=args.compile)
        # Schedules by epochs divide by the length of the loader before any hook runs.
        check_enough_samples(runner.train_loop.dataloader, runner.world_size)
        runner.train()
    leave_group()


if __name__ == '__main__':
    main()
