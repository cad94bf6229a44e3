"""What makes a run quick and no config has to say."""
import torch
from mmengine.config import Config

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def set_defaults(cfg: Config) -> None:
    """Fill in what a config leaves open, so that no step waits for the device.

    Batches are one buffer, pinned where there is a GPU; losses are read when they are
    logged; the optimizer's wrapper does not read the norm of the gradients.
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
