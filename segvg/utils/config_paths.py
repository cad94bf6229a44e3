"""Paths into a config in which a part of a list is named by its type."""
import difflib
from typing import Any, Iterator, NamedTuple, Optional, Sequence

from mmengine.config import Config


class Part(NamedTuple):
    """A dict with ``type`` below a list, and how it is reached from there."""
    name: str               # the type, without its scope
    keys: tuple[str, ...]   # e.g. ('2', 'transforms', '1')


def type_name(node: Any) -> str:
    """Return the type of a part without its scope, empty if it has none."""
    kind = node.get('type') if isinstance(node, dict) else None
    name = getattr(kind, '__name__', kind)
    return str(name or '').rsplit('.', 1)[-1]


def parts_below(node: Any, keys: tuple[str, ...] = ()) -> Iterator[Part]:
    """Yield the parts at and below a node, an outer one before those inside it."""
    if isinstance(node, dict):
        if type_name(node):
            yield Part(type_name(node), keys)
        inner = [(str(key), value) for key, value in node.items()]
    elif isinstance(node, (list, tuple)):
        inner = [(str(index), value) for index, value in enumerate(node)]
    else:
        inner = []
    for key, value in inner:
        yield from parts_below(value, (*keys, key))


def named_parts(items: Sequence) -> dict[str, Part]:
    """Return the parts of a list by name, ``Name`` for the first, then ``Name#2``, ...

    Those that stand in the list itself are counted before those inside them.
    """
    named: dict[str, Part] = {}
    count: dict[str, int] = {}
    parts = parts_below(items)
    for part in sorted(parts, key=lambda part: len(part.keys) > 1):
        count[part.name] = count.get(part.name, 0) + 1
        number = count[part.name]
        named[part.name if number == 1 else f'{part.name}#{number}'] = part
    return named


def find_part(items: Sequence, name: str, path: str) -> tuple[str, ...]:
    """Return the keys from a list to the part that a name or an index means.

    Args:
        items: the list.
        name: ``Name``, ``Name#2`` or an index; ``Name#1`` is ``Name``.
        path: where the list is, for the message.

    Raises:
        ValueError: the part does not exist; the message lists those that do.
    """
    if name.isdigit() and int(name) < len(items):
        return (name, )
    named = named_parts(items)
    if name.removesuffix('#1') in named:
        return named[name.removesuffix('#1')].keys
    there = difflib.get_close_matches(name, named, n=max(len(named), 1), cutoff=0.0)
    told = f'it has {", ".join(there)}; ' if there else ''
    raise ValueError(f'{path} has no {name}; {told}an index goes from 0 to '
                     f'{len(items) - 1}')


def keys_of(node: Any, name: str, path: str = '') -> tuple[str, ...]:
    """Return the keys from a node to what a name means there; no key for itself.

    Raises:
        ValueError: the node is a list and has no part of that name.
    """
    if isinstance(node, (list, tuple)):
        return find_part(node, name, path)
    if isinstance(node, dict) and name not in node and name == type_name(node):
        return ()  # a single metric, say, where there could be a list of them
    return (name, )


def child_of(node: Any, key: str) -> Any:
    """Return what a key of a dict or an index of a list leads to, or None."""
    if isinstance(node, (list, tuple)):
        return node[int(key)]
    return node.get(key) if hasattr(node, 'get') else None


def resolve_path(cfg: Config, path: str) -> str:
    """Return a path with an index for every name of a part.

    ``train_dataloader.dataset.pipeline.PlaceOnCanvas.size`` becomes
    ``train_dataloader.dataset.pipeline.6.size``. What is not below a list stays as it
    is, also where the config lacks it.

    Raises:
        ValueError: a list has no part of that name.
    """
    node: Any = cfg
    found: list[str] = []
    for name in path.split('.'):
        keys = keys_of(node, name, '.'.join(found))
        for key in keys:
            node = child_of(node, key)
        found += keys
    return '.'.join(found)


def missing_key(cfg: Config, path: str) -> tuple[bool, Optional[str]]:
    """Return whether a config lacks a path, and the nearest that it has.

    Raises:
        ValueError: a list has no part of a name in the path.
    """
    node: Any = cfg
    names = path.split('.')
    for depth, name in enumerate(names):
        for key in keys_of(node, name, '.'.join(names[:depth])):
            if not isinstance(node, (list, tuple)) and (
                    not hasattr(node, 'keys') or key not in node):
                there = map(str, node) if hasattr(node, 'keys') else ()
                close = difflib.get_close_matches(key, there, n=1)
                return True, '.'.join([*names[:depth], close[0]]) if close else None
            node = child_of(node, key)
    return False, None


def resolve_options(cfg: Config, options: dict[str, Any]) -> dict[str, Any]:
    """Return options with resolved paths, ready for ``Config.merge_from_dict``.

    That function cannot change one value in a list or tuple of values: the whole of it
    is replaced.

    Raises:
        ValueError: a list has no part of that name or index.
    """
    resolved: dict[str, Any] = {}
    for path, value in options.items():
        path = resolve_path(cfg, path)
        parent, _, last = path.rpartition('.')
        items = resolved.get(parent)
        if items is None:
            items = cfg
            for key in parent.split('.') if parent else ():
                items = child_of(items, key)
        if isinstance(items, (list, tuple)):
            changed = list(items)
            changed[int(last)] = value
            path, value = parent, type(items)(changed)
        resolved[path] = value
    return resolved
