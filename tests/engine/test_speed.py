"""Settings that a run gets although its config does not have them."""
from mmengine.config import Config

from segvg.engine.speed import set_defaults


def test_only_what_a_config_leaves_open_is_filled_in():
    cfg = Config(dict(
        train_dataloader=dict(batch_size=2), val_dataloader=None,
        test_dataloader=dict(collate_fn=dict(type='own'), pin_memory=True),
        default_hooks=dict(), optim_wrapper=dict(optimizer=dict(type='AdamW'))))
    set_defaults(cfg)
    assert cfg.train_dataloader.collate_fn.type == 'segvg.collate_grounding'
    assert cfg.test_dataloader.collate_fn.type == 'own'
    assert cfg.test_dataloader.pin_memory and cfg.val_dataloader is None
    assert cfg.default_hooks.runtime_info.type == 'GatheredInfoHook'
    assert cfg.optim_wrapper.type == 'PrecisionOptimWrapper'
    assert cfg.optim_wrapper.optimizer.fused is True
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    set_defaults(cfg)
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    for other in (dict(type='SGD'), dict(type='AdamW', foreach=True)):
        cfg.optim_wrapper.optimizer = other
        set_defaults(cfg)
        assert 'fused' not in cfg.optim_wrapper.optimizer
