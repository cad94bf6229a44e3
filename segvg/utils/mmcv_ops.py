"""A stand-in for mmcv's compiled extension where mmcv was installed without it.

``pip install`` gives mmcv without its C++ extension unless torch was there first, and
then every ``import mmdet.models`` fails with ``No module named 'mmcv._ext'``, although
most of mmdetection's parts call no compiled op. segvg itself needs none.
"""
import importlib.machinery
import importlib.util
import sys
from types import ModuleType
from typing import Callable

EXTENSION = 'mmcv._ext'


class MissingExtension(ModuleType):
    """A module whose every attribute is a function that says what is missing."""

    def __getattr__(self, name: str) -> Callable:
        """Return a stand-in for the op ``name``; calling it raises RuntimeError."""
        if name.startswith('__'):
            raise AttributeError(name)

        def missing_op(*args, **kwargs) -> None:
            raise RuntimeError(
                f'the compiled op {name!r} of mmcv was called, but mmcv is installed '
                'without its extension. Build it against the installed torch: '
                'MMCV_WITH_OPS=1 pip install --no-build-isolation --no-binary :all: '
                '--force-reinstall --no-deps onedl-mmcv')

        missing_op.__name__ = name
        return missing_op


def provide_mmcv_ext() -> bool:
    """Put the stand-in into ``sys.modules`` unless there is a real extension.

    Returns:
        True when the stand-in is (now) in use, False when mmcv has its ops or mmcv
        itself is absent.
    """
    if EXTENSION in sys.modules:
        return isinstance(sys.modules[EXTENSION], MissingExtension)
    mmcv = importlib.util.find_spec('mmcv')
    if mmcv is None:
        return False
    # The spec of a submodule would import mmcv, which is slow: look into its folder.
    folders = mmcv.submodule_search_locations
    if importlib.machinery.PathFinder.find_spec(EXTENSION, folders) is not None:
        return False
    module = MissingExtension(EXTENSION, MissingExtension.__doc__)
    # mmcv's loader and importlib ask for a spec of every module they meet.
    module.__spec__ = importlib.machinery.ModuleSpec(EXTENSION, loader=None)
    sys.modules[EXTENSION] = module
    return True
