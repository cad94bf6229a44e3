"""mmengine's list of optimizers without that of transformers, which is slow to import.

mmengine imports transformers and all that belongs to it for one optimizer, Adafactor:
about half the time of ``import mmengine.runner``. ``GroundingRegistry`` finds that one
when it is asked for.
"""
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Optional, Sequence

BUILDER = 'mmengine.optim.optimizer.builder'
HIDDEN = 'transformers'


class BuilderFinder(MetaPathFinder):
    """Finds one module, whose ``import transformers`` then fails, as if absent."""

    def find_spec(self, fullname: str, path: Optional[Sequence[str]] = None,
                  target: Optional[ModuleType] = None) -> Optional[ModuleSpec]:
        """Return the spec of mmengine's builder, None for every other module."""
        if fullname != BUILDER or HIDDEN in sys.modules:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None:
            return None
        run = spec.loader.exec_module

        def run_without(module: ModuleType) -> None:
            # The import system's sign for "not there"; its type lacks it.
            sys.modules[HIDDEN] = None  # type: ignore[assignment]
            try:
                run(module)
            finally:
                del sys.modules[HIDDEN]

        spec.loader.exec_module = run_without  # type: ignore[method-assign]
        return spec


def hide_transformers() -> None:
    """Let mmengine import without transformers; once is enough."""
    if BUILDER not in sys.modules and not any(
            isinstance(finder, BuilderFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, BuilderFinder())
