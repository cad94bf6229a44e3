"""Reads a config in memory, as ``Config.fromfile`` does by way of copies on disk.

mmengine writes each file into a temporary folder three times, once for every kind of
placeholder, parses it four times and copies its values again and again: three quarters
of the time for a file without placeholders.
"""
import ast
import copy
import os
from functools import lru_cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

from mmengine.config import Config, ConfigDict

from segvg.utils.config_file import BASE, ConfigFile


def read_plain(file: ConfigFile, values: dict[str, Any]) -> Config:
    """Return the config of a plain file, with the values in use in all its bases.

    It is that of ``Config.fromfile`` where every file says these values already.

    Args:
        file: one that ``is_plain``.
        values: name -> value, instead of those of the files.

    Raises:
        KeyError: two bases have the same key.
        TypeError: a dict is to be merged into what is not one.
        Exception: of the program that a config is.
    """
    found, text = _evaluate(file, values)
    return Config(found, cfg_text=text, filename=str(file.path))


def _evaluate(file: ConfigFile, values: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return what a file and its bases say, and their texts one after the other."""
    bases, texts = ConfigDict(), []
    for base in file.bases:
        found, text = _evaluate(base, values)
        repeated = bases.keys() & found.keys()
        if repeated:
            raise KeyError('Duplicate key is not allowed among bases. '
                           f'Duplicate keys: {repeated}')
        bases.update(ConfigDict(found))
        texts.append(text)
    path = os.path.abspath(file.path)
    space: dict[str, Any] = {BASE: bases}
    exec(_code(file.written_with(values), path), space)
    own = {name: _apart(value) for name, value in space.items()
           if name != BASE and not name.startswith('__')
           and not isinstance(value, (FunctionType, ModuleType))}
    merged = Config._merge_a_into_b(own, bases)
    return ({name: value for name, value in merged.items()
             if not name.startswith('__')}, '\n'.join([*texts, f'{path}\n{file.text}']))


@lru_cache(maxsize=256)
def _code(text: str, path: str) -> CodeType:
    """Return a file as a program that gets its bases from outside."""
    tree = ast.parse(text)
    tree.body = [node for node in tree.body if not (
        isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == BASE)]
    return compile(tree, path, 'exec')


def _apart(node: Any) -> Any:
    """Return a copy of a value in which no part is in two places.

    A pipeline of a base may stand in several places of a config; if it is changed in
    one of them, the others stay as they are.
    """
    if isinstance(node, dict):
        made = copy.copy(node)
        for key, value in node.items():
            made[key] = _apart(value)
        return made
    if isinstance(node, (list, tuple)):
        return (list if isinstance(node, list) else tuple)(map(_apart, node))
    return copy.deepcopy(node)
