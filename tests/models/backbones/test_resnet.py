"""ResNet: numbers, and mmdetection's where that is installed."""
from importlib.util import find_spec

import pytest
import torch
from mmengine.registry import init_default_scope
from torch.nn.modules.batchnorm import _BatchNorm

import segvg  # noqa: F401  (mmdetection asks for compiled ops)
from segvg.models.backbones import ResNet
from segvg.registry import MODELS

CASES = [
    dict(depth=18),
    dict(depth=34, num_stages=2, strides=(1, 2), dilations=(1, 1), out_indices=(1, )),
    dict(depth=50, frozen_stages=1, norm_cfg=dict(type='BN', requires_grad=False)),
    dict(depth=50, style='caffe', strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4),
         norm_eval=False),
    dict(depth=18, frozen_stages=0, zero_init_residual=False),
    dict(depth=18, init_cfg=dict(type='Normal', std=0.1, layer='Conv2d'))]


def one_step(kind, case):
    """Build, initialize and train one step; return all numbers there are."""
    init_default_scope('segvg')
    torch.manual_seed(0)
    model = MODELS.build(dict(case, type=kind, base_channels=8))
    drawn = [torch.rand(1)]
    model.init_weights()
    drawn.append(torch.rand(1))
    model.train()
    torch.manual_seed(1)
    maps = model(torch.randn(2, 3, 64, 64))
    sum(one.square().mean() for one in maps).backward()
    gradients = {name: weight.grad for name, weight in model.named_parameters()}
    training = {name: part.training for name, part in model.named_modules()
                if isinstance(part, _BatchNorm)}
    return dict(model.state_dict()), maps, drawn, gradients, training


if find_spec('mmdet') is not None:

    @pytest.mark.parametrize('case', CASES)
    def test_resnet_is_that_of_mmdetection(case):
        """Bit by bit: names, draws, maps, gradients, and what is frozen."""
        ours, theirs = one_step('ResNet', case), one_step('mmdet.ResNet', case)
        assert list(ours[0]) == list(theirs[0])
        for mine, other in zip(ours[:4], theirs[:4], strict=True):
            torch.testing.assert_close(mine, other, rtol=0, atol=0)
        assert ours[4] == theirs[4]


def test_resnet_gives_recorded_numbers():
    """Mean square of each map, recorded from mmdetection's ResNet."""
    recorded = [
        [2.0219223, 1.4833901, 0.75686938, 0.38929844], [0.40426162],
        [0.36231214, 0.18190959, 0.096944347, 0.034929018],
        [0.5068171, 0.48985243, 0.50999051, 0.50052601]]
    for case, expected in zip(CASES[:4], recorded, strict=True):
        maps = one_step('ResNet', case)[1]
        torch.testing.assert_close(
            torch.stack([one.square().mean() for one in maps]),
            torch.tensor(expected), rtol=1e-5, atol=0)


def test_frozen_stages_stay_frozen():
    model = ResNet(18, base_channels=8, frozen_stages=2).train()
    trained = {name.split('.')[0] for name, weight in model.named_parameters()
               if weight.requires_grad}
    assert trained == {'layer3', 'layer4'}
    assert not model.layer2.training and model.layer3.training
    assert not model.layer3[0].bn1.training  # norm_eval
    assert ResNet(18, base_channels=8, norm_eval=False).train().bn1.training


def test_names_are_those_of_torchvision():
    names = ResNet(50, base_channels=8).state_dict()
    assert {'conv1.weight', 'bn1.running_mean', 'layer1.0.downsample.0.weight',
            'layer1.0.downsample.1.bias', 'layer4.2.conv3.weight'} <= names.keys()


@pytest.mark.parametrize('case,told', [
    (dict(depth=20), 'depth of ResNet is one of 18, 34, 50, 101, 152, not 20'),
    (dict(depth=18, num_stages=5), 'num_stages=5, 4 strides'),
    (dict(depth=18, num_stages=2, out_indices=(2, )), 'go from 0 to 1'),
    (dict(depth=50, style='tf'), "'pytorch' or 'caffe', not 'tf'"),
    (dict(depth=18, norm_cfg=dict(type='LN')), "BN or SyncBN, not 'LN'")])
def test_what_no_resnet_has_is_refused(case, told):
    with pytest.raises(ValueError, match=told):
        ResNet(**case)
