"""mmengine's list of optimizers without two that are slow to import.

mmengine imports transformers and all that belongs to it for one optimizer, Adafactor:
about half the time of ``import mmengine.runner``. ``GroundingRegistry`` finds that one
when it is asked for. For another, ZeroRedundancyOptimizer, PyTorch compiles each of its
optimizers anew; here it does so when one is made.
"""
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, Optional, Sequence

TRANSFORMERS, SHARDED = 'transformers', 'torch.distributed.optim'
#: Module of mmengine -> the module that it does without.
HIDDEN = {'mmengine.optim.optimizer.builder': TRANSFORMERS,
          'mmengine.optim.optimizer.zero_optimizer': SHARDED}


class OptimizerFinder(MetaPathFinder):
    """Finds the two modules, in which an ``import`` then has another result."""

    def find_spec(self, fullname: str, path: Optional[Sequence[str]] = None,
                  target: Optional[ModuleType] = None) -> Optional[ModuleSpec]:
        """Return the spec of one of the two modules, None for every other one."""
        hidden = HIDDEN.get(fullname)
        if hidden is None or hidden in sys.modules:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None:
            return None
        run = spec.loader.exec_module

        def run_without(module: ModuleType) -> None:
            # None is the import system's sign for "not there"; its type lacks it.
            modules: dict[str, Any] = sys.modules
            modules[hidden] = None if hidden == TRANSFORMERS else sharded_later()
            try:
                run(module)
            finally:
                del modules[hidden]

        spec.loader.exec_module = run_without  # type: ignore[method-assign]
        return spec


def sharded_later() -> ModuleType:
    """Return what stands for ``torch.distributed.optim`` until its class is needed."""
    from torch.optim import Optimizer

    class Later(Optimizer):
        """Becomes PyTorch's ZeroRedundancyOptimizer when one is made."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            from torch.distributed.optim import ZeroRedundancyOptimizer
            for own in Later.__subclasses__():
                own.__bases__ = (ZeroRedundancyOptimizer, )
            base: Any = ZeroRedundancyOptimizer  # as which ``self`` is made by now
            base.__init__(self, *args, **kwargs)

    module = ModuleType(SHARDED)
    module.ZeroRedundancyOptimizer = Later  # type: ignore[attr-defined]
    return module


def hide_slow_optimizers() -> None:
    """Let mmengine import without the two modules; once is enough."""
    if not any(isinstance(finder, OptimizerFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, OptimizerFinder())
