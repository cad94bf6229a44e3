"""The text of a config for logs, work folders and checkpoints, made quickly."""
import pprint
from pathlib import Path
from typing import Any, Optional, Union

from mmengine.config import Config

from segvg.utils.files import write_whole


def plain_text(cfg: Config) -> str:
    """Return a config as Python that ``Config.fromfile`` reads."""
    printer = PlainPrinter(width=88, sort_dicts=False)
    return '\n'.join(f'{key} = {printer.pformat(value)}'
                     for key, value in cfg.to_dict().items()) + '\n'


class PlainPrinter(pprint.PrettyPrinter):
    """Lays out plain dicts, lists, tuples, numbers and texts.

    What fits in a line is written by ``repr``, as the base class does step by step.
    """

    def format(self, value: Any, context: dict, maxlevels: Optional[int],
               level: int) -> tuple[str, bool, bool]:
        """Return the text of a value, that it can be read, and that it is finite."""
        return repr(value), True, False


def use_plain_text() -> None:
    """Make mmengine write configs by ``plain_text``, and whole or not at all.

    It has yapf lay them out at the start and for every checkpoint: a second for a path
    of a hundred characters, most of a minute for longer ones.
    """
    Config.pretty_text = property(plain_text)
    Config.dump = dump_whole


def dump_whole(cfg: Config, file: Optional[Union[str, Path]] = None) -> Optional[str]:
    """Write a config to a Python file, or return its text; as ``Config.dump``.

    Raises:
        OSError: it cannot be written; names the file. What was there stays.
    """
    if file is None or not str(file).endswith('.py'):
        return _dump(cfg, file)
    write_whole(file, plain_text(cfg))
    return None


_dump = Config.dump
