"""Runtime of a training that counts iterations, not epochs."""
_base_ = './default_runtime.py'
default_hooks = dict(
    checkpoint=dict(by_epoch=False, interval=5000, save_best='gres/gIoU'))
log_processor = dict(by_epoch=False)
