"""DarkNet-53."""
import torch

from segvg.models.backbones import DarkNet53

SMALL = dict(base_channels=2, repeats=(1, ) * 6)


def test_maps_halve_and_frozen_layers_do_not_train():
    model = DarkNet53(**SMALL)
    maps = model(torch.zeros(1, 3, 64, 32))
    assert [tuple(level.shape) for level in maps] == [
        (1, 16, 8, 4), (1, 32, 4, 2), (1, 64, 2, 1)]
    training = {name.split('.')[1] for name, p in model.named_parameters()
                if p.requires_grad}
    assert training == {'12', '13'}
    assert len(DarkNet53(**SMALL, out_layers=(6, )).layers) == 7
