"""What makes a run quick and no config has to say."""
from typing import Optional

import torch
from mmengine.config import Config
from torch import nn

from segvg.utils.precision import use_tf32

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def set_defaults(cfg: Config) -> None:
    """Fill in what a config leaves open, so that no step waits for the device.

    Batches are one buffer, pinned where there is a GPU; losses are read when they are
    logged; the optimizer's wrapper does not read the norm of the gradients; Adam and
    AdamW change all weights in one operation.
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
    if (optimizer.get('type') in ('Adam', 'AdamW') and has_fused_steps()
            and not {'fused', 'foreach'} & set(optimizer)):
        optimizer['fused'] = True


def has_fused_steps() -> bool:
    """Return whether this PyTorch changes all weights of the device in one operation.
    """
    if torch.cuda.is_available():
        return True
    try:
        torch.optim.AdamW([nn.Parameter(torch.zeros(1))], fused=True)
    except RuntimeError:  # of a CPU, before PyTorch 2.4
        return False
    return True


def use_precision(model: nn.Module, dtype: Optional[str] = None, *,
                  compiled: bool = False) -> None:
    """Say in which precision a grounder predicts, and compile it.

    Args:
        model: maybe wrapped for several processes.
        dtype: ``'float32'``, ``'bfloat16'`` or ``'float16'``. None: float32, in which a
            GPU that has TF32 may round the factors of products; float32 by name is
            exact.
        compiled: whether to compile it, which takes minutes once.
    """
    use_tf32(dtype != 'float32')
    model = getattr(model, 'module', model)
    if dtype is not None:
        model.dtype = dtype
    if compiled:
        model.compile_parts()
