"""A config file in mmengine's text style: what can be known without running it."""
import ast
import re
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Iterator, NamedTuple, Optional

from segvg.utils.layout import PREFIX, find_config

BASE = '_base_'
#: What mmengine fills in or acts on while it reads a file.
OF_MMENGINE = re.compile(r'\{\{|_deprecation_|custom_imports')
#: Statements of mmengine's other style, or of more than values.
MORE = (ast.Import, ast.ImportFrom, ast.With, ast.AsyncWith, ast.ClassDef)


class Assignment(NamedTuple):
    """``name = value`` at the top of a file."""
    name: str
    node: ast.expr     # the right side
    value: Any         # what it is, if it is a literal; otherwise ``...``


class Parsed(NamedTuple):
    """What the text of a config file says."""
    assignments: dict[str, Assignment]  # by their names
    reads: frozenset[str]               # names that it reads, its own and of its bases
    base_names: list[str]
    is_plain: bool                      # it alone: see ``ConfigFile.is_plain``


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
            found = _parse(self.text)
        except SyntaxError as error:
            raise ValueError(f'config {path}, line {error.lineno}: {error.msg}'
                             ) from error
        self.assignments, self.reads = found.assignments, found.reads
        self.base_names, self._is_plain = found.base_names, found.is_plain

    @property
    def literals(self) -> dict[str, Any]:
        """The names with a plain value: a number, text, None, or a tuple of those."""
        return {found.name: found.value for found in self.assignments.values()
                if found.value is not ... and found.name != BASE}

    def base_path(self, name: str) -> Optional[Path]:
        """Return the file of a base; None for one of another package or kind."""
        path = find_config(name) if name.startswith(PREFIX) else self.path.parent / name
        name = name.removeprefix(PREFIX)
        return None if '::' in name or path.suffix != '.py' else path

    @cached_property
    def bases(self) -> list['ConfigFile']:
        """The files of its bases, but for those of another package or kind."""
        paths = map(self.base_path, self.base_names)
        return [ConfigFile(path) for path in paths if path is not None]

    @property
    def is_plain(self) -> bool:
        """Whether it and its bases can be read without mmengine."""
        return (self._is_plain and len(self.bases) == len(self.base_names)
                and all(base.is_plain for base in self.bases))

    def written_with(self, values: dict[str, Any],
                     bases: Optional[list[str]] = None) -> str:
        """Return the text with other values and bases, each on its own lines."""
        new = [(self.assignments[name].node, repr(value))
               for name, value in values.items()
               if self.literals.get(name, value) != value]
        if self.base_names and bases is not None:
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


@lru_cache(maxsize=256)  # a config is read several times, and shares its bases
def _parse(text: str) -> Parsed:
    """Return what the text of a config file says.

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
    bases: Any = []
    if BASE in assignments:
        code = compile(ast.Expression(assignments[BASE].node), BASE, 'eval')
        bases = eval(code, dict(__builtins__={}))  # as mmengine does
    return Parsed(assignments, frozenset(own | based),
                  [bases] if isinstance(bases, str) else list(bases),
                  _is_plain(text, tree, assignments))


def _is_plain(text: str, tree: ast.Module, assignments: dict[str, Assignment]) -> bool:
    """Return whether a file has nothing but values and functions, and names its bases.

    What ``_base_`` says is a text or a list, and is said once, at the top of the file.
    """
    named = BASE in assignments and isinstance(
        assignments[BASE].node, (ast.Constant, ast.List))
    nodes = list(ast.walk(tree))
    count = sum(isinstance(node, ast.Name) and node.id == BASE
                and isinstance(node.ctx, ast.Store) for node in nodes)
    return (count == named and not OF_MMENGINE.search(text)
            and not any(isinstance(node, MORE) for node in nodes))


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


def config_chain(file: ConfigFile) -> Iterator[ConfigFile]:
    """Yield a config file and all that it inherits from, itself first."""
    yield file
    for base in file.bases:
        yield from config_chain(base)
