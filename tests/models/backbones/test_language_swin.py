"""A Swin transformer that reads the expression."""
import torch

from segvg.models.backbones import LanguageSwin
from segvg.structures import Tokens


def test_stages_read_afterwards_equal_those_read_on_the_way():
    model = LanguageSwin(8, (1, 2), (1, 2), window=4, text_channels=4).eval()
    text = Tokens(torch.randn(2, 5, 4), torch.zeros(2, 5, dtype=torch.bool))
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        for one, two in zip(model.read(model.encode(images), text),
                            model(images, text), strict=True):
            torch.testing.assert_close(one, two)


def test_language_swin_halves_odd_maps_upwards():
    model = LanguageSwin(8, (1, 1, 1), (1, 1, 1), window=3, text_channels=4)
    text = Tokens(torch.randn(2, 5, 4), torch.zeros(2, 5, dtype=torch.bool))
    maps = model(torch.randn(2, 3, 30, 37), text)
    assert [tuple(values.shape) for values in maps] == [
        (2, 8, 8, 10), (2, 16, 4, 5), (2, 32, 2, 3)]


def test_gates_that_open_after_a_look_are_seen():
    model = LanguageSwin(4, (1, 1, 1, 1), (1, 1, 1, 1), window=2, text_channels=4)
    assert model.train().trunk_reads_text()
    assert not model.eval().trunk_reads_text()
    for weight in model.gates[1].parameters():
        torch.nn.init.ones_(weight)
    assert model.trunk_reads_text()
