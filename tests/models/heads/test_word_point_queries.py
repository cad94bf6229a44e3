"""Which words and points start a query."""
import pytest
import torch

from segvg.models.heads.word_point_queries import (
    WordPointQueries,
    choose_points,
    choose_words,
)
from segvg.structures import Tokens


def words_of(scores, lengths):
    """Tokens with given scores; channels are equal."""
    feats = torch.tensor(scores)[..., None].expand(-1, -1, 8).contiguous()
    padding = torch.arange(feats.shape[1]) >= torch.tensor(lengths)[:, None]
    return Tokens(feats, padding)


def test_words_with_the_highest_scores_are_chosen():
    index, real = choose_words(words_of([[.1, .5, .3, 9.]], [3]), 2)
    assert index.tolist() == [[1, 2]] and real.all()


def test_short_texts_keep_their_order():
    index, real = choose_words(words_of([[.1, .5, 9., 9.]], [2]), 3)
    assert index.tolist() == [[0, 1, 2]] and real.tolist() == [[True, True, False]]


def test_texts_with_as_many_tokens_as_queries_are_ranked():
    index, real = choose_words(words_of([[.1, .5, .3]], [3]), 3)
    assert index.tolist() == [[1, 2, 0]] and real.all()


def test_first_point_is_the_maximum_and_the_next_ones_keep_their_distance():
    attention = torch.zeros(1, 5, 5)
    attention[0, 0, 0] = 1
    points = choose_points(attention, 3, 0.003)
    assert points[0, :2].tolist() == [0, 24]  # the corner that is farthest away
    assert points[0, 2] in (4, 20)


def test_without_a_weight_of_the_distance_attention_decides():
    attention = torch.rand(2, 4, 6)
    points = choose_points(attention, 5, 0.0)
    assert torch.equal(points, attention.flatten(1).topk(5).indices)


def test_no_point_is_chosen_twice():
    points = choose_points(torch.zeros(1, 3, 3), 9, 0.003)
    assert sorted(points[0].tolist()) == list(range(9))
    with pytest.raises(ValueError, match='10 queries .* the grid has 3 x 3'):
        choose_points(torch.zeros(1, 3, 3), 10, 0.003)


def start_of(count=4):
    torch.manual_seed(0)
    return WordPointQueries(8, count, heads=2, hidden=16).eval()


@torch.no_grad()
def test_points_are_centers_of_cells():
    image = Tokens(torch.randn(2, 12, 8), grid=(3, 4))
    start = start_of()(Tokens(torch.randn(2, 6, 8), torch.zeros(2, 6).bool()), image)
    assert start.queries.shape == (2, 4, 8) and start.attention.shape == (2, 3, 4)
    first = start.attention.flatten(1).argmax(1)
    torch.testing.assert_close(start.points[:, 0, 0], (first % 4 + 0.5) / 4)
    torch.testing.assert_close(start.points[:, 0, 1], (first // 4 + 0.5) / 3)


@torch.no_grad()
def test_padding_and_its_length_do_not_matter():
    image = Tokens(torch.randn(1, 12, 8), grid=(3, 4))
    feats = torch.randn(1, 9, 8)
    found = []
    for length, filler in ((2, None), (9, 0.0), (9, 50.0)):
        own = feats[:, :length].clone()
        if filler is not None:
            own[:, 2:] = filler
        padding = torch.arange(length)[None] >= 2
        found.append(start_of()(Tokens(own, padding), image))
    for other in found[1:]:
        torch.testing.assert_close(other.queries, found[0].queries)
        torch.testing.assert_close(other.attention, found[0].attention)


def test_gradient_reaches_the_map_and_the_image_at_the_points():
    image = torch.randn(1, 12, 8, requires_grad=True)
    words = torch.randn(1, 6, 8, requires_grad=True)
    start = start_of()(Tokens(words, torch.zeros(1, 6).bool()),
                       Tokens(image, grid=(3, 4)))
    start.attention.square().sum().backward(retain_graph=True)
    assert words.grad.abs().sum() > 0
    image.grad = None
    start.queries.sum().backward()
    assert (image.grad.abs().sum(-1) > 0).all()
