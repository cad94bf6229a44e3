"""Losses are read once an interval, and logged as mmengine logs them."""
from types import SimpleNamespace

import torch
from mmengine.hooks import RuntimeInfoHook
from mmengine.logging import MessageHub

from segvg.engine.hooks import GatheredInfoHook
from tests.device_stand_in import DeviceStandIn


def make_runner(name: str, gradients: dict) -> SimpleNamespace:
    return SimpleNamespace(
        iter=0, max_iters=5, train_dataloader=range(5), message_hub=MessageHub(name),
        optim_wrapper=SimpleNamespace(gradients=gradients))


def run(hook: RuntimeInfoHook, runner: SimpleNamespace, steps: int,
        device: str = 'cpu') -> None:
    for step in range(steps):
        runner.iter = step
        hook.after_train_iter(runner, step, outputs=dict(
            loss=torch.tensor(step / 3).to(device), seconds=0.5,
            share=torch.tensor([step / 7])))


def test_log_is_that_of_mmengine():
    ours, theirs = make_runner('ours', {}), make_runner('theirs', {})
    run(GatheredInfoHook(interval=2), ours, 5)
    run(RuntimeInfoHook(), theirs, 5)
    for key in ('train/loss', 'train/seconds', 'train/share'):
        one, other = (runner.message_hub.get_scalar(key).data[0]
                      for runner in (ours, theirs))
        assert one.tolist() == other.tolist()


def test_device_is_waited_for_once_an_interval():
    with DeviceStandIn() as device:
        gradients = dict(grad_norm=torch.tensor(2.).to('meta'))
        runner = make_runner('device', gradients)
        hook = GatheredInfoHook(interval=4)
        run(hook, runner, 3, 'meta')
        assert device.total('wait') == 0 and not runner.message_hub.log_scalars
        run(hook, runner, 4, 'meta')
        assert device.total('wait') == 1
    assert runner.message_hub.get_scalar('train/grad_norm').data[0].tolist() == [2]
    for key in ('loss', 'share'):  # a head may count on the CPU
        assert len(runner.message_hub.get_scalar(f'train/{key}').data[0]) == 7


def test_checkpoint_has_the_losses_up_to_it():
    runner, checkpoint = make_runner('saved', {}), dict(message_hub=None)
    hook = GatheredInfoHook(interval=50)
    run(hook, runner, 3)
    hook.before_save_checkpoint(runner, checkpoint)
    history = checkpoint['message_hub']['log_scalars']['train/loss']
    assert len(history.data[0]) == 3
