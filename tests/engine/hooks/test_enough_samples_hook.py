"""Fewer samples than one batch are told before the training."""
from types import SimpleNamespace

import pytest
from torch.utils.data import DataLoader

from segvg.engine.hooks import EnoughSamplesHook


def test_epoch_without_a_batch_is_an_error():
    hook = EnoughSamplesHook()
    for samples, drop_last in ((4, True), (3, False), (5, True)):
        hook.before_train(SimpleNamespace(train_dataloader=DataLoader(
            range(samples), batch_size=4, drop_last=drop_last), world_size=1))
    with pytest.raises(ValueError,
                       match='3 training samples .* one of 4, and drop_las'):
        hook.before_train(SimpleNamespace(train_dataloader=DataLoader(
            range(3), batch_size=4, drop_last=True), world_size=1))
