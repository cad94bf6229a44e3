"""mmengine's groups of parameters, quickly read."""
from typing import Optional

from mmengine.optim import DefaultOptimWrapperConstructor

from segvg.registry import OPTIM_WRAPPER_CONSTRUCTORS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module(name='DefaultOptimWrapperConstructor')
class PlainGroupsConstructor(DefaultOptimWrapperConstructor):
    """mmengine's ``DefaultOptimWrapperConstructor``, found by its name.

    mmengine makes every group of an optimizer a part of a config, which takes a
    microsecond for each value that is read. With a group for each weight, as
    ``paramwise_cfg`` makes them, a step of the optimizer reads some thousand. Here
    groups are plain dicts; what they hold is the same.
    """

    def __init__(self, optim_wrapper_cfg: dict,
                 paramwise_cfg: Optional[dict] = None) -> None:
        super().__init__(optim_wrapper_cfg, paramwise_cfg)
        self.optimizer_cfg = dict(self.optimizer_cfg)
