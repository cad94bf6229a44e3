"""Small reference models that tell how hard a SynthRef level is; both predict a box."""
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Found(NamedTuple):
    """What a model predicts: a cell and a box relative to it, and the landmark."""

    heat: Tensor               # (B, hw) logits
    boxes: Tensor              # (B, hw, 4)
    landmark: Tensor | None    # (B, hw) logits


class Stem(nn.Module):
    """Strided convolutions with coordinates, then ``depth`` residual ones."""

    def __init__(self, strides: int, channels: int, depth: int = 0) -> None:
        super().__init__()
        widths = [5, channels // 2, channels * 2 // 3, channels][:strides] + [channels]
        self.layers = nn.ModuleList(
            nn.Conv2d(before, after, 3, stride=2, padding=1)
            for before, after in zip(widths[:-1], widths[1:]))
        self.more = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, padding=1) for _ in range(depth))

    def forward(self, images: Tensor) -> Tensor:
        """Map images (I, 3, H, W) uint8 to features (I, C, h, w)."""
        features = add_coordinates(images.float() / 127.5 - 1)
        for layer in self.layers:
            features = F.relu(layer(features))
        for layer in self.more:
            features = features + F.relu(layer(features))
        return features


class Modulated(nn.Module):
    """A residual convolution whose channels a sentence scales and shifts."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(channels + 2, channels, 3, padding=1)
        self.film = nn.Linear(channels, 2 * channels)

    def forward(self, features: Tensor, sentence: Tensor) -> Tensor:
        """Modulate features (B, C, h, w) by a sentence (B, C)."""
        scale, shift = self.film(sentence)[:, :, None, None].chunk(2, 1)
        seen = self.layer(add_coordinates(features))
        return features + F.relu(seen * (1 + scale) + shift)


class WordsModel(nn.Module):
    """Word embeddings that are summed, two modulated convolutions, heat and offsets."""

    def __init__(self, num_words: int, strides: int, channels: int = 48,
                 blind: bool = False) -> None:
        super().__init__()
        self.blind = blind
        self.stem = Stem(strides, channels)
        self.words = nn.Embedding(num_words, channels, padding_idx=0)
        self.body = nn.ModuleList(Modulated(channels) for _ in range(2))
        self.head = nn.Conv2d(channels, 5, 1)

    def forward(self, images: Tensor, index: Tensor, tokens: Tensor) -> Found:
        """Map images (I, 3, H, W) and tokens (B, L) of image index (B,) to boxes."""
        sentence = self.words(tokens).sum(1) * (not self.blind)
        features = self.stem(images)[index]
        for layer in self.body:
            features = layer(features, sentence)
        return Found(*decode(self.head(features)), None)


class Gate(nn.Module):
    """A residual layer on cells whose channels a sentence scales and shifts."""

    def __init__(self, inputs: int, channels: int, text: int) -> None:
        super().__init__()
        self.layer = nn.Linear(inputs, channels)
        self.film = nn.Linear(text, 2 * channels)

    def forward(self, seen: Tensor, cells: Tensor, sentence: Tensor) -> Tensor:
        """Add a projection of ``seen`` (B, hw, C') to cells (B, hw, C)."""
        scale, shift = self.film(sentence)[:, None].chunk(2, 2)
        return cells + F.relu(self.layer(seen) * (1 + scale) + shift)


class OrderModel(nn.Module):
    """Words read in both directions, a landmark attended to, then the object.

    After the words come in, cells do not see their neighbours: a softmax over all cells
    picks the landmark, and every cell gets its features and its offset.
    """

    def __init__(self, num_words: int, strides: int, channels: int = 64) -> None:
        super().__init__()
        self.stem = Stem(strides, channels, depth=2)
        self.words = nn.Embedding(num_words, channels, padding_idx=0)
        self.reader = nn.GRU(channels, channels, batch_first=True, bidirectional=True)
        self.asked = nn.Linear(2 * channels, 3)
        self.first = nn.ModuleList(
            Gate(channels + 2, channels, 6 * channels) for _ in range(2))
        self.landmark = nn.Linear(channels, 1)
        self.second = nn.ModuleList(
            Gate(inputs, channels, 6 * channels)
            for inputs in (2 * channels + 6, channels + 2, channels + 2))
        self.head = nn.Linear(channels, 5)

    def read(self, tokens: Tensor) -> Tensor:
        """Return three summaries (B, 3 * 2C) of the words of each sentence."""
        tokens = tokens[:, :int((tokens > 0).sum(1).max())]
        read = self.reader(self.words(tokens))[0]  # (B, L, 2C)
        scores = self.asked(read).masked_fill((tokens == 0)[..., None], -1e4)
        return (scores.softmax(1).transpose(1, 2) @ read).flatten(1)

    def forward(self, images: Tensor, index: Tensor, tokens: Tensor) -> Found:
        """Map images (I, 3, H, W) and tokens (B, L) of image index (B,) to boxes."""
        sentence, features = self.read(tokens), self.stem(images)
        size = features.shape[-2:]
        places = make_grid(*size).flatten(1).T.expand(len(index), -1, -1)  # (B, hw, 2)
        own = features.flatten(2).transpose(1, 2)[index]                   # (B, hw, C)
        cells = own
        for gate in self.first:
            cells = gate(torch.cat([cells, places], 2), cells, sentence)
        heat = self.landmark(cells)[..., 0]                                # (B, hw)
        weights = heat.softmax(1)[:, None]
        offset = places - weights @ places
        seen = torch.cat([own, (weights @ own).expand_as(own), places, offset,
                          offset.abs()], 2)
        cells = self.second[0](seen, own, sentence)
        for gate in self.second[1:]:
            cells = gate(torch.cat([cells, places], 2), cells, sentence)
        found = self.head(cells).transpose(1, 2).unflatten(2, size)
        return Found(*decode(found), heat)


def make_grid(height: int, width: int) -> Tensor:
    """Return x and y (2, h, w) of all cells, from -1 to 1."""
    y = torch.linspace(-1, 1, height)[:, None].expand(height, width)
    x = torch.linspace(-1, 1, width)[None].expand(height, width)
    return torch.stack([x, y])


def add_coordinates(features: Tensor) -> Tensor:
    """Append x and y to (B, C, h, w) features."""
    grid = make_grid(*features.shape[-2:])
    return torch.cat([features, grid[None].expand(len(features), -1, -1, -1)], 1)


def decode(found: Tensor) -> tuple[Tensor, Tensor]:
    """Turn (B, 5, h, w) into heat (B, hw) and boxes (B, hw, 4), shares of the image."""
    height, width = found.shape[-2:]
    y, x = torch.meshgrid((torch.arange(height) + 0.5) / height,
                          (torch.arange(width) + 0.5) / width, indexing='ij')
    centre = torch.stack([x, y], -1).reshape(-1, 2)
    sides = F.softplus(found[:, 1:].flatten(2).transpose(1, 2)) * 0.2
    boxes = torch.cat([centre - sides[..., :2], centre + sides[..., 2:]], -1)
    return found[:, 0].flatten(1), boxes
