"""What a config says wrongly of a part, found in the error of building it."""
import inspect
import re
from types import FrameType
from typing import Any, Iterable, Optional

from segvg.utils.close_names import did_you_mean

UNEXPECTED = re.compile(r"got an unexpected keyword argument '(\w+)'")
MISSING = re.compile(r'missing \d+ required [\w -]*arguments?: (.*)')


def config_fault(error: BaseException) -> Optional[str]:
    """Return what is wrong with a config whose part could not be built.

    Args:
        error: a ``KeyError`` or ``TypeError`` that was raised while a runner, model or
            loader was built.

    Returns:
        One line for the user: a type that is not registered, an argument that the type
        does not take, or one that it needs. None if the error has another reason, which
        its traceback shows.
    """
    frame = _build_frame(error)
    if frame is None:
        return None
    there = frame.f_locals
    if isinstance(error, KeyError) and 'is not in the' in str(error):
        return _unknown_type(str(there.get('obj_type')), there.get('registry'))
    if isinstance(error, TypeError):
        return _wrong_argument(str(error), there)
    return None


def _build_frame(error: BaseException) -> Optional[FrameType]:
    """Return the innermost frame in which mmengine builds a part of a config."""
    found, trace = None, error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if (frame.f_globals.get('__name__'), frame.f_code.co_name) in (
                ('mmengine.registry.build_functions', 'build_from_cfg'),
                ('mmengine.runner.runner', 'build_dataloader')):
            found = frame
        trace = trace.tb_next
    return found


def _unknown_type(name: str, registry: Any) -> str:
    """Say that a type is not registered, and which names are close to it."""
    names: dict[str, None] = {}
    place, root, kind = registry, registry, getattr(registry, 'name', 'part')
    while place is not None:
        names.update(dict.fromkeys(place.module_dict))
        place, root = place.parent, place
    from segvg.registry import SCOPE  # slow: imports mmengine
    own = root.children.get(SCOPE) if root is not None else None
    if own is not None and own is not registry and '.' not in name and name in own:
        return (f'{name} is not registered as a {kind} of {registry.scope}: name it '
                f"{SCOPE}.{name}, or set default_scope = '{SCOPE}' in the config")
    return (f'{name} is not registered as a {kind}{_hint(name, names)}; a part of your '
            'own is made known by custom_imports in the config')


def _wrong_argument(text: str, there: dict) -> Optional[str]:
    """Say which argument of a part is unknown or absent, if the config is at fault."""
    part = there.get('obj_cls')
    given = there.get('args') or there.get('dataloader_cfg') or {}
    name = getattr(part, '__name__', None) or 'a data loader'
    unexpected, missing = UNEXPECTED.search(text), MISSING.search(text)
    if unexpected and unexpected.group(1) in given:
        if part is None:
            from torch.utils.data import DataLoader
            part = DataLoader
        key, known = unexpected.group(1), _arguments(part)
        return (f'{name} has no argument {key!r}{_hint(key, known)} '
                f'(it takes {", ".join(known)})')
    if missing and part is not None and not any(
            re.search(rf"'{key}'", missing.group(1)) for key in given):
        return f'{name} needs {missing.group(1)} in the config'
    return None


def _arguments(part: Any) -> list[str]:
    """Return the names of the arguments of a class and of those that it inherits."""
    names: dict[str, None] = {}
    for owner in part.__mro__ if inspect.isclass(part) else [part]:
        start = vars(owner).get('__init__') if inspect.isclass(owner) else owner
        if not inspect.isfunction(start):
            continue
        parameters = inspect.signature(start).parameters.values()
        names.update((item.name, None) for item in parameters
                     if item.kind not in (item.VAR_POSITIONAL, item.VAR_KEYWORD))
        if not any(item.kind == item.VAR_KEYWORD for item in parameters):
            break
    names.pop('self', None)
    return list(names)


def _hint(name: str, known: Iterable[str]) -> str:
    """Return a question for the name that is closest to a wrong one."""
    hint = did_you_mean(name, known)
    return hint and f'; {hint}'
