"""Flags that the tools share, and how a tool ends; imports nothing that is slow.

A tool reads its command line before it imports torch and mmengine, so that ``--help``
and a wrong flag are answered at once.
"""
import argparse
import ast
from typing import Any, NoReturn

from segvg.utils.exits import end_with
from segvg.utils.plain_values import printable


class ConfigOptions(argparse.Action):
    """mmengine's ``KEY=VALUE ...``, imported when it is used.

    A value with braces, which mmengine takes for text, is read as Python writes it:
    ``a="{'type': 'X'}"``, ``a="[{'type': 'X'}, {'type': 'Y'}]"``.
    """

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace,
                 values: Any, option_string: Any = None) -> None:
        """Read the values by mmengine's ``DictAction``; those with dicts here."""
        from mmengine.config import DictAction
        read = DictAction(self.option_strings, self.dest, nargs=self.nargs)
        for option in values:
            key, equals, value = option.partition('=')
            if not equals or not key:
                raise argparse.ArgumentError(self, f'{option!r} is not KEY=VALUE')
            try:
                if '{' not in value:
                    read(parser, namespace, [option], option_string)
                    continue
                found = dict(getattr(namespace, self.dest) or {})
                setattr(namespace, self.dest, found | {key: ast.literal_eval(value)})
            except (AssertionError, SyntaxError, ValueError):
                raise argparse.ArgumentError(
                    self, f'the value of {option!r} cannot be read: brackets have to '
                    'be balanced, and a dict is written with quotes, '
                    'KEY="{\'type\': \'NAME\'}"') from None


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add the flag that changes a config: enough for a tool of one process."""
    parser.add_argument(
        '--cfg-options', nargs='+', action=ConfigOptions, default={},
        metavar='KEY=VALUE', help='settings that replace those of the config, e.g. '
        "train_dataloader.batch_size=4, canvas=512 or "
        'train_dataloader.dataset.pipeline.RandomFlip.prob=0; a list is written '
        "a=1,2 or a='[1,2]'")
    parser.set_defaults(launcher='none', work_dir=None, local_rank=0)


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add the flag that names a device; ``pick_device`` of the inferencer reads it."""
    parser.add_argument('--device', help='cpu, cuda, cuda:1, ... (default: a GPU if '
                        'there is one)')


def add_precision(parser: argparse.ArgumentParser) -> None:
    """Add the flags for the precision of a model, and for compiling it."""
    parser.add_argument(
        '--dtype', choices=['float32', 'bfloat16', 'float16'], help='type of matrix '
        'products and convolutions (default: float32, computed with TF32 on a GPU that '
        'has it; --dtype float32 turns TF32 off)')
    parser.add_argument('--compile', action='store_true',
                        help='compile the model first, which takes minutes')


def add_common_arguments(parser: argparse.ArgumentParser,
                         work_dir: str = 'folder for logs and results (default: '
                         'work_dirs/<config>)') -> None:
    """Add the flags that training and testing share with mmdetection's tools.

    Args:
        parser: the parser that gets them.
        work_dir: what the work folder of this tool is.
    """
    parser.add_argument('--work-dir', metavar='DIR', help=work_dir)
    add_config_options(parser)
    parser.add_argument(
        '--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='how several processes were started (default: %(default)s)')
    # torchrun of old versions passes this one.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0,
                        help=argparse.SUPPRESS)


def add_step_options(parser: argparse.ArgumentParser, name: str = 'NAME') -> None:
    """Add the flags that all commands of several steps share.

    Args:
        parser: gets them.
        name: how the help calls a step.
    """
    parser.add_argument('--restart', metavar=name,
                        help='remove the results of this step and of those that build '
                        'on it, and do them again')
    parser.add_argument('--status', action='store_true',
                        help='list the steps with their state and folder, and end; '
                        'with --restart, after removing')


def fail(error: Exception) -> NoReturn:
    """End the program with one message instead of a traceback."""
    end_with(error, 'error: ' + printable(str(error), keep='\n'))
