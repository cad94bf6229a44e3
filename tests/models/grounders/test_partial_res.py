"""Partial-RES's additions to SeqTR."""
import pytest
import torch
from mmengine.structures import InstanceData

from segvg.models.heads import ContourHead
from segvg.structures import FusedFeatures, GroundingDataSample, Tokens

GRID = (2, 3)


def make_memory(batch: int = 2) -> Tokens:
    """Two rows of three cells and a sentence; of the first image a column is padding.
    """
    torch.manual_seed(1)
    padding = torch.zeros(batch, 7, dtype=torch.bool)
    padding[0, [2, 5]] = True
    return Tokens(torch.randn(batch, 7, 8), padding, torch.randn(batch, 7, 8), GRID)


def make_head(**changes) -> ContourHead:
    torch.manual_seed(0)
    return ContourHead([dict(type='ContourPart', num_points=4)],
                       dict(type='SequenceLoss'), channels=8, num_layers=2, heads=2,
                       hidden=8, dropout=0.0, num_bins=16, **changes)


@pytest.mark.parametrize('swap_axes', [True, False])
def test_content_of_rows_and_columns(swap_axes):
    head, memory = make_head(swap_axes=swap_axes), make_memory()
    tokens = torch.tensor([[0, 16], [16, 8]])
    content = head.embed(tokens, 0, memory) - head.token_embed(tokens)
    image = memory.feats[:, :6].unflatten(1, GRID)
    rows, columns = image.mean(2), image.mean(1)
    expected = (torch.stack([rows[0, 0], columns[0, 2]]) if swap_axes
                else torch.stack([columns[0, 0], rows[0, 1]]))
    torch.testing.assert_close(content[0], expected)
    # one token alone knows whether it is an x or a y
    alone = head.embed(tokens[:, 1:], 1, memory)
    torch.testing.assert_close(alone, head.embed(tokens, 0, memory)[:, 1:])


@torch.no_grad()
def test_cache_gives_what_the_whole_prefix_gives():
    head, memory = make_head().eval(), make_memory()
    torch.nn.init.normal_(head.token_embed.weight, std=4)
    fused = FusedFeatures(memory, slice(0, 6), (64, 96))
    tokens = head(fused)[0]
    logits = head.logits(memory, [tokens[:, :8]])
    ended = (tokens == head.end).cumsum(1) > 0
    assert torch.equal(logits.argmax(-1).masked_fill(ended, -1),
                       tokens.masked_fill(ended, -1))


def test_loss_reaches_every_parameter():
    head, memory = make_head(), make_memory(1)
    sample = GroundingDataSample(metainfo=dict(canvas_shape=(64, 96)))
    sample.gt_instances = InstanceData(contours=torch.rand(1, 4, 2) * 60)
    fused = FusedFeatures(memory, slice(0, 6), (64, 96))
    head.loss(fused, [sample])['loss_sequence'].backward()
    assert all(p.grad is not None for p in head.parameters())
