"""Values that the base files of a config say once: canvas, text length, vocabulary.

A base file gives a value a name, and reads the name wherever the value is needed::

    canvas = 640
    model = dict(fusion=dict(num_image_tokens=(canvas // 32) ** 2, ...), ...)
    test_pipeline = [..., dict(type='PlaceOnCanvas', size=canvas), ...]

mmengine evaluates it before the config that inherits from it, so there the name alone
would change, not what was made of it. ``load_with_values`` evaluates the base files
again, with the new value in the place of the old one.
"""
import tempfile
from pathlib import Path
from typing import Any

from mmengine.config import Config

from segvg.utils.config_file import ConfigFile, config_chain
from segvg.utils.config_reading import read_plain
from segvg.utils.layout import PREFIX

#: Key of a config that holds the values its base files were evaluated with.
RECORD = 'base_values'


def values_of(path: Path) -> dict[str, Any]:
    """Return the values of a config: names with a literal that a file reads.

    The value is that of the config itself or of the base nearest to it.
    """
    return _values(ConfigFile(path))


def _values(config: ConfigFile) -> dict[str, Any]:
    """Return the values of a config."""
    files = list(config_chain(config))
    reads = set().union(*(file.reads for file in files))
    found: dict[str, Any] = {}
    for file in files:
        for name, value in file.literals.items():
            if name in reads:
                found.setdefault(name, value)
    return found


def load_with_values(path: Path, values: dict[str, Any]) -> Config:
    """Read a config whose values are set, by it or from outside, in all its bases.

    Args:
        path: a config file in mmengine's text style.
        values: name -> value, instead of those of the config; names are those of
            ``values_of``.

    Returns:
        The config, with the values in use under ``base_values``.

    Raises:
        FileNotFoundError: a file of its chain does not exist.
        ValueError: a file of its chain is not Python, or a value is of another type.
    """
    file = ConfigFile(path)
    used = _values(file)
    for name, value in values.items():
        number = isinstance(used[name], (int, float)), isinstance(value, (int, float))
        if used[name] is not None and type(used[name]) is not type(value) and not all(
                number):
            raise ValueError(f'{name} is {used[name]!r} in config {path}, so it cannot '
                             f'become {value!r}')
        used[name] = value
    if file.is_plain:
        cfg = read_plain(file, used)
    elif _says_all_once(file, used) and not _names_package(file):
        cfg = Config.fromfile(path)
    else:
        with tempfile.TemporaryDirectory() as folder:
            copy = _copy_chain(file, used, Path(folder))
            found = Config.fromfile(copy)
            cfg = Config(found._cfg_dict, cfg_text=found.text, filename=str(path),
                         env_variables=found.env_variables)
    if used:
        cfg[RECORD] = used
    return cfg


def _says_all_once(config: ConfigFile, used: dict[str, Any]) -> bool:
    """Return whether every file of a chain has the values in use already."""
    return all(file.literals.get(name, value) == value
               for file in config_chain(config) for name, value in used.items())


def _names_package(config: ConfigFile) -> bool:
    """Return whether a file of a chain has a base that is named by ``segvg::``.

    mmengine finds such a file in an installed package only, and marks its parts.
    """
    return any(name.startswith(PREFIX) for file in config_chain(config)
               for name in file.base_names)


def _copy_chain(file: ConfigFile, values: dict[str, Any], folder: Path) -> Path:
    """Write a file and its bases with the values in use; return its copy."""
    bases = []
    for number, name in enumerate(file.base_names):
        path = file.base_path(name)
        if path is not None:
            name = str(_copy_chain(ConfigFile(path), values, folder / str(number)))
        elif '::' not in name:
            name = str((file.path.parent / name).absolute())
        bases.append(name)
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / file.path.name
    copy.write_text(file.written_with(values, bases), 'utf-8')
    return copy


def check_values(cfg: Config) -> None:
    """Refuse a config in which a value was changed in one place only.

    Raises:
        ValueError: its base files were evaluated with another value than it has.
    """
    used = cfg.get(RECORD)
    path = Path(cfg.filename or '')
    if used is None and path.suffix == '.py' and path.is_file():
        used = _plainly_used(path)
    changed = [name for name, value in (used or {}).items() if cfg.get(name) != value]
    if changed:
        told = ', '.join(f'{name} is {cfg.get(name)!r}, but the base files were '
                         f'evaluated with {used[name]!r}' for name in changed)
        raise ValueError(
            f'config {cfg.filename}: {told}. Read it by segvg.utils.configs.load, with '
            'the value in the config (as a plain number or text) or in the argument '
            '`options`')


def _plainly_used(path: Path) -> dict[str, Any]:
    """Return the values that ``Config.fromfile`` evaluates a config with.

    Where bases of the config say different things, its own if that makes no
    difference, otherwise those of the bases.
    """
    config = ConfigFile(path)
    values = _values(config)
    if not _says_all_once(config, values):
        ours = load_with_values(path, {}).to_dict()
        ours.pop(RECORD)
        if ours != Config.fromfile(path).to_dict():
            for file in config_chain(config):  # the last one is the furthest base
                values.update({name: value for name, value in file.literals.items()
                               if name in values})
    return values
