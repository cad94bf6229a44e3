"""BEiT-3 of another image size is loaded into ours."""
import pytest
import torch

from segvg.checkpoints.io import save_weights
from segvg.checkpoints.position_tables import BEiT3Pretrained, resize_positions
from segvg.models.backbones import BEiT3


def build(side):
    return BEiT3(16, 1, 2, hidden=32, image_size=8 * side, patch_size=8, vocab_size=20,
                 text_positions=12)


def test_first_rows_stay_and_a_linear_slope_is_kept():
    y, x = torch.meshgrid(torch.arange(4.), torch.arange(4.), indexing='ij')
    table = torch.cat([torch.full((3, 2), 7.), torch.stack([y, x], -1).flatten(0, 1)])
    out = resize_positions(table, 3 + 64, 3)
    assert torch.equal(out[:3], table[:3])
    rows = out[3:].unflatten(0, (8, 8))
    torch.testing.assert_close(rows[2:-2, 2:-2, 0].diff(dim=0).mean(),
                               torch.tensor(0.5), atol=0.1, rtol=0)
    assert (rows[2:-2, 2:-2, 1].diff(dim=0).abs() < 1e-5).all()
    assert resize_positions(table, 19, 3) is table


def test_what_is_no_square_is_refused():
    with pytest.raises(ValueError, match='19 rows cannot become one of 20'):
        resize_positions(torch.zeros(19, 2), 20, 3)


def test_weights_of_another_size_are_loaded(tmp_path):
    small, large = build(2), build(4)
    save_weights(tmp_path / 'small.pth', small.state_dict())
    BEiT3Pretrained(str(tmp_path / 'small.pth'))(large)
    assert torch.equal(large.words.weight, small.words.weight)
    assert torch.equal(large.image_position.weight[:3], small.image_position.weight[:3])
    assert large.image_position.weight.shape == (19, 16)


def test_weights_of_something_else_are_refused(tmp_path):
    save_weights(tmp_path / 'other.pth', dict(weight=torch.zeros(2)))
    with pytest.raises(ValueError, match='does not hold the weights of this BEiT3'):
        BEiT3Pretrained(str(tmp_path / 'other.pth'))(build(2))
