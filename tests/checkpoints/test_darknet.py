"""Files of weights in the format of DarkNet."""
import numpy as np
import pytest
import torch

from segvg.checkpoints.darknet import read_darknet_weights, tensors_in_file_order
from segvg.checkpoints.initializers import DarkNetWeights
from segvg.models.backbones import DarkNet53

SMALL = dict(base_channels=2, repeats=(1, ) * 6)


def write_weights(path, model, count: int) -> None:
    header = np.zeros(5, dtype='<i4')
    values = np.arange(count, dtype='<f4')
    path.write_bytes(header.tobytes() + values.tobytes())


def test_weight_file_is_read_in_order_and_the_rest_ignored(tmp_path):
    model = DarkNet53(**SMALL)
    layers = tensors_in_file_order(model)
    total = sum(tensor.numel() for tensors in layers for tensor in tensors)
    write_weights(tmp_path / 'a.weights', model, total + 7)
    assert read_darknet_weights(tmp_path / 'a.weights', model) == (20, 20)
    first = model.layers[0]
    assert first.bn.bias.tolist() == [0, 1] and first.bn.weight.tolist() == [2, 3]
    assert first.bn.running_mean.tolist() == [4, 5]
    assert first.bn.running_var.tolist() == [6, 7]
    assert first.conv.weight.flatten()[0] == 8
    assert model.layers[13].conv.weight.flatten()[-1] == total - 1


def test_file_of_a_classifier_leaves_the_last_layers(tmp_path):
    model = DarkNet53(**SMALL)
    layers = tensors_in_file_order(model)
    count = sum(tensor.numel() for tensors in layers[:16] for tensor in tensors)
    write_weights(tmp_path / 'a.weights', model, count)
    before = model.layers[13].conv.weight.clone()
    assert read_darknet_weights(tmp_path / 'a.weights', model) == (16, 20)
    assert torch.equal(model.layers[13].conv.weight, before)
    assert model.layers[13].bn.running_var.tolist() == [1] * 64
    DarkNetWeights(str(tmp_path / 'a.weights'))(model)


def test_cut_and_missing_weight_files_are_errors(tmp_path):
    model = DarkNet53(**SMALL)
    write_weights(tmp_path / 'a.weights', model, 70)
    with pytest.raises(ValueError, match='ends within convolution 1: 70 numbers'):
        read_darknet_weights(tmp_path / 'a.weights', model)
    with pytest.raises(FileNotFoundError, match='weight file .* does not exist'):
        read_darknet_weights(tmp_path / 'b.weights', model)
