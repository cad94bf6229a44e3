"""Optimizers of mmengine that are imported when they are needed."""
import torch
from mmengine.optim import ZeroRedundancyOptimizer
from mmengine.registry import OPTIMIZERS


def test_sharded_optimizer_is_that_of_pytorch_when_one_is_made(tmp_path):
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/group', rank=0, world_size=1)
    try:
        weights = [torch.nn.Parameter(torch.ones(3))]
        for _ in range(2):
            optimizer = OPTIMIZERS.build(dict(
                type='ZeroRedundancyOptimizer', params=weights, optimizer_type='SGD',
                lr=0.5))
            weights[0].sum().backward()
            optimizer.step()
            optimizer.zero_grad()
    finally:
        torch.distributed.destroy_process_group()
    assert weights[0].tolist() == [0, 0, 0]
    assert type(optimizer) is ZeroRedundancyOptimizer
    assert isinstance(optimizer, torch.distributed.optim.ZeroRedundancyOptimizer)
