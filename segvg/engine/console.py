"""What a run prints at its start: two lines; the log file has all of it.

mmengine prints the environment, the whole config and the order of all hooks, three to
four hundred lines before the first step.
"""
import logging
import os
import sys
from pathlib import Path

import torch
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from torch import nn

from segvg.utils.files import naming
from segvg.version import __version__

#: How the messages begin that only the log file gets.
LONG = ('\n' + '-' * 60 + '\nSystem environment', 'Config:\n',
        'Hooks will be executed in the following order',
        'Distributed training is not used, all SyncBatchNorm')


class ShortConsole(logging.Filter):
    """Keeps long lists of facts from the console; warnings always pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a message is printed."""
        return record.levelno > logging.INFO or not record.getMessage().startswith(LONG)


class ShortConsoleRunner(Runner):
    """mmengine's runner with a short start on the console."""

    def build_logger(self, *args, **kwargs) -> MMLogger:
        """Return mmengine's logger, whose console leaves out what is long."""
        logger = super().build_logger(*args, **kwargs)
        for handler in logger.handlers:
            if isinstance(handler, logging.FileHandler):
                handler.handleError = LogErrors(handler)  # type: ignore[method-assign]
            elif not any(isinstance(part, ShortConsole) for part in handler.filters):
                handler.addFilter(ShortConsole())
        return logger


class LogErrors:
    """Ends a run whose log cannot be written, such as on a full disk.

    ``logging`` prints a traceback for every message and goes on.
    """

    def __init__(self, handler: logging.FileHandler) -> None:
        self.handler = handler

    def __call__(self, record: logging.LogRecord) -> None:
        """Raise the error that is being handled.

        Raises:
            OSError: the log cannot be written; names it.
        """
        error, path = sys.exc_info()[1], Path(self.handler.baseFilename)
        if not isinstance(error, OSError):
            logging.Handler.handleError(self.handler, record)
            return
        if path.is_file() and not path.stat().st_size:
            os.unlink(path)
        with naming(path):
            raise error


def log_header(runner: Runner) -> None:
    """Log in two lines what runs, on what, and where the rest is written."""
    cfg, model = runner.cfg, runner.model
    size = sum(weight.numel() for weight in model.parameters()) / 1e6
    runner.logger.info(
        f'segvg {__version__}: {cfg.filename or runner.experiment_name}, '
        f'{name_of(model)} with {size:.1f} million parameters, seed {runner.seed}, '
        f'{device_name(runner)}, torch {torch.__version__}')
    runner.logger.info('environment, config and hooks: '
                       f'{getattr(runner.logger, "log_file", None) or runner.log_dir}')


def name_of(model: nn.Module) -> str:
    """Return the class of a model, of a wrapped one that of what is inside."""
    return type(getattr(model, 'module', model)).__name__


def device_name(runner: Runner) -> str:
    """Return what a run computes on."""
    if torch.cuda.is_available():
        name = torch.cuda.get_device_name()
    else:
        name = f'CPU ({torch.get_num_threads()} threads)'
    return name if runner.world_size == 1 else f'{runner.world_size} x {name}'
