"""The text of a config for logs, work folders and checkpoints, made quickly."""
import pprint

from mmengine.config import Config


def plain_text(cfg: Config) -> str:
    """Return a config as Python that ``Config.fromfile`` reads."""
    items = cfg.to_dict().items()
    return '\n'.join(f'{key} = {pprint.pformat(value, width=88, sort_dicts=False)}'
                     for key, value in items) + '\n'


def use_plain_text() -> None:
    """Make mmengine write configs by ``plain_text``.

    It has yapf lay them out at the start and for every checkpoint: a second for a path
    of a hundred characters, most of a minute for longer ones.
    """
    Config.pretty_text = property(plain_text)
