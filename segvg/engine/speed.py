"""Settings that make a run fast and that configs need not contain."""
from typing import Optional

import torch
from mmengine.config import Config
from torch import nn

from segvg.utils.precision import use_tf32

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def set_defaults(cfg: Config) -> None:
    """Add settings that a config does not have, so that no step waits for the device.

    A batch is one buffer, pinned if the machine has a GPU. Losses and the norm of the
    gradients are read when they are logged. Adam and AdamW update all weights in one
    operation.
    """
    for name in LOADERS:
        loader = cfg.get(name)
        if loader is not None:
            loader.setdefault('collate_fn', dict(type='segvg.collate_grounding'))
            loader.setdefault('pin_memory', torch.cuda.is_available())
    if cfg.get('default_hooks') is not None:
        cfg.default_hooks.setdefault('runtime_info', dict(type='GatheredInfoHook'))
    wrapper = cfg.get('optim_wrapper')
    if wrapper is not None and wrapper.get('type', 'OptimWrapper') == 'OptimWrapper':
        wrapper.type = 'PrecisionOptimWrapper'
    optimizer = (wrapper or {}).get('optimizer') or {}
    if (optimizer.get('type') in ('Adam', 'AdamW')
            and not {'fused', 'foreach'} & set(optimizer)):
        optimizer['fused'] = True


def use_precision(model: nn.Module, dtype: Optional[str] = None, *,
                  compiled: bool = False) -> None:
    """Set the precision in which a grounder predicts; compile it if asked to.

    Args:
        model: may be wrapped for several processes.
        dtype: ``'float32'``, ``'bfloat16'`` or ``'float16'``. None: float32, with TF32
            for products on a GPU that has it; ``'float32'`` turns TF32 off.
        compiled: whether to compile it, which takes minutes once.
    """
    use_tf32(dtype != 'float32')
    model = getattr(model, 'module', model)
    if dtype is not None:
        model.dtype = dtype
    if compiled:
        model.compile_parts()
