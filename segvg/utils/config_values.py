"""Values that the base files of a config say once: canvas, text length, vocabulary.

A base file gives a value a name, and reads the name wherever the value is needed::

    canvas = 640
    model = dict(fusion=dict(num_image_tokens=(canvas // 32) ** 2, ...), ...)
    test_pipeline = [..., dict(type='PlaceOnCanvas', size=canvas), ...]

mmengine evaluates it before the config that inherits from it, so there the name alone
would change, not what was made of it. ``load_with_values`` evaluates the base files
again, with the new value in the place of the old one.
"""
import ast
import re
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any, Iterator, NamedTuple, Optional

from mmengine.config import Config

from segvg.utils.layout import PREFIX, find_config

#: Key of a config that holds the values its base files were evaluated with.
RECORD = 'base_values'
BASE = '_base_'


class Assignment(NamedTuple):
    """``name = value`` at the top of a file."""
    name: str
    node: ast.expr     # the right side
    value: Any         # what it is, if it is a literal; otherwise ``...``


class ConfigFile:
    """A config file in the text style, as far as its values are concerned.

    Args:
        path: the file.

    Raises:
        FileNotFoundError: the file does not exist.
        ValueError: it is not Python.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise FileNotFoundError(f'config {path} does not exist')
        self.path = path
        self.text = path.read_text('utf-8')
        try:
            self.assignments, self.reads = _parse(self.text)
        except SyntaxError as error:
            raise ValueError(f'config {path}, line {error.lineno}: {error.msg}'
                             ) from error

    @property
    def literals(self) -> dict[str, Any]:
        """The names with a plain value: a number, text, None, or a tuple of those."""
        return {found.name: found.value for found in self.assignments.values()
                if found.value is not ... and found.name != BASE}

    @property
    def base_names(self) -> list[str]:
        """What ``_base_`` says."""
        if BASE not in self.assignments:
            return []
        code = compile(ast.Expression(self.assignments[BASE].node), self.path, 'eval')
        found = eval(code, dict(__builtins__={}))  # as mmengine does
        return [found] if isinstance(found, str) else list(found)

    def base_path(self, name: str) -> Optional[Path]:
        """Return the file of a base; None for one of another package or kind."""
        path = find_config(name) if name.startswith(PREFIX) else self.path.parent / name
        name = name.removeprefix(PREFIX)
        return None if '::' in name or path.suffix != '.py' else path

    def written_with(self, values: dict[str, Any], bases: list[str]) -> str:
        """Return the text with other values and bases, each on its own lines."""
        new = [(self.assignments[name].node, repr(value))
               for name, value in values.items() if name in self.literals]
        if self.base_names:
            new.append((self.assignments[BASE].node, repr(bases)))
        lines = self.text.splitlines(keepends=True)
        for node, text in sorted(new, key=lambda item: item[0].lineno, reverse=True):
            first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
            # columns are counted in bytes
            before = lines[first].encode()[:node.col_offset].decode()
            after = lines[last].encode()[node.end_col_offset:].decode()
            # a message about a later line still names the right one
            lines[first:last + 1] = [before + text + after, *['\n'] * (last - first)]
        folder = str(self.path.parent.absolute())
        return re.sub(r'\{\{\s*fileDirname\s*\}\}', lambda _: folder, ''.join(lines))


@lru_cache(maxsize=64)  # a config is read several times, and shares its bases
def _parse(text: str) -> tuple[dict[str, Assignment], frozenset[str]]:
    """Return the assignments of a file by their names, and the names that it reads.

    The latter are its own and those of its bases.

    Raises:
        SyntaxError: it is not Python.
    """
    tree = ast.parse(text)
    assignments = {found.name: found for found in map(_assignment, tree.body)
                   if found is not None}
    own, based = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            own.add(node.id)
        elif (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
                and node.value.id == BASE):
            based.add(node.attr)
    return assignments, frozenset(own | based)


def _assignment(node: ast.stmt) -> Optional[Assignment]:
    """Return a statement as an assignment to one name, None if it is not one."""
    if not (isinstance(node, ast.Assign) and len(node.targets) == 1
            and isinstance(node.targets[0], ast.Name)):
        return None
    try:
        value = ast.literal_eval(node.value)
    except (ValueError, TypeError):
        value = ...
    if isinstance(value, (list, dict, set)):
        value = ...  # such a thing is merged or added to; it is not a value
    return Assignment(node.targets[0].id, node.value, value)


def config_chain(path: Path) -> Iterator[ConfigFile]:
    """Yield a config file and all that it inherits from, itself first."""
    file = ConfigFile(path)
    yield file
    for name in file.base_names:
        base = file.base_path(name)
        if base is not None:
            yield from config_chain(base)


def values_of(path: Path) -> dict[str, Any]:
    """Return the values of a config: names with a literal that a file reads.

    The value is that of the config itself or of the base nearest to it.
    """
    files = list(config_chain(path))
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
    used = values_of(path)
    for name, value in values.items():
        number = isinstance(used[name], (int, float)), isinstance(value, (int, float))
        if used[name] is not None and type(used[name]) is not type(value) and not all(
                number):
            raise ValueError(f'{name} is {used[name]!r} in config {path}, so it cannot '
                             f'become {value!r}')
        used[name] = value
    if _says_all_once(path, used) and not _names_package(path):
        cfg = Config.fromfile(path)
    else:
        with tempfile.TemporaryDirectory() as folder:
            copy = _copy_chain(ConfigFile(path), used, Path(folder))
            found = Config.fromfile(copy)
            cfg = Config(found._cfg_dict, cfg_text=found.text, filename=str(path),
                         env_variables=found.env_variables)
    if used:
        cfg[RECORD] = used
    return cfg


def _says_all_once(path: Path, used: dict[str, Any]) -> bool:
    """Return whether every file of a chain has the values in use already."""
    return all(file.literals.get(name, value) == value
               for file in config_chain(path) for name, value in used.items())


def _names_package(path: Path) -> bool:
    """Return whether a file of a chain has a base that is named by ``segvg::``.

    mmengine finds such a file in an installed package only, and marks its parts.
    """
    return any(name.startswith(PREFIX) for file in config_chain(path)
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
    values = values_of(path)
    if not _says_all_once(path, values):
        ours = load_with_values(path, {}).to_dict()
        ours.pop(RECORD)
        if ours != Config.fromfile(path).to_dict():
            for file in config_chain(path):  # the last one is the furthest base
                values.update({name: value for name, value in file.literals.items()
                               if name in values})
    return values
