"""Train a small reference model on a SynthRef level and report its accuracy.

python tools/analysis_tools/calibrate_synthref.py --level L1 --images 3000 --seconds 400

The model is the tiny one of the levels' targets: strided convolutions with coordinates,
word embeddings that are summed, so that it cannot see the order of words, FiLM, a heat
map and four offsets. What it reaches tells how hard a level is, nothing more.
"""
import argparse
import time

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from segvg.datasets.synthref.grammar import load_vocabulary
from segvg.datasets.synthref.images import Job, make_image
from segvg.datasets.synthref.levels import get_level
from segvg.datasets.synthref.render import render
from segvg.structures.boxes import paired_iou

WORDS = 24


class TinyModel(nn.Module):
    """Two to three strided convolutions, two modulated ones, a heat map and offsets."""

    def __init__(self, num_words: int, strides: int, channels: int = 48) -> None:
        super().__init__()
        widths = [5, 24, 32, channels][:strides] + [channels]
        self.stem = nn.ModuleList(
            nn.Conv2d(before, after, 3, stride=2, padding=1)
            for before, after in zip(widths[:-1], widths[1:]))
        self.words = nn.Embedding(num_words, channels, padding_idx=0)
        self.body = nn.ModuleList(
            nn.Conv2d(channels + 2, channels, 3, padding=1) for _ in range(2))
        self.film = nn.ModuleList(nn.Linear(channels, 2 * channels) for _ in range(2))
        self.head = nn.Conv2d(channels, 5, 1)

    def forward(self, images: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Map images (B, 3, H, W) and tokens (B, L) to heat (B, hw), boxes (B, hw, 4).

        Boxes are xyxy in shares of the image.
        """
        features = add_coordinates(images)
        for layer in self.stem:
            features = F.relu(layer(features))
        sentence = self.words(tokens).sum(1)
        for layer, film in zip(self.body, self.film):
            scale, shift = film(sentence)[:, :, None, None].chunk(2, 1)
            features = features + F.relu(
                layer(add_coordinates(features)) * (1 + scale) + shift)
        found = self.head(features)
        height, width = found.shape[-2:]
        y, x = torch.meshgrid((torch.arange(height) + 0.5) / height,
                              (torch.arange(width) + 0.5) / width, indexing='ij')
        centre = torch.stack([x, y], -1).reshape(-1, 2)
        sides = F.softplus(found[:, 1:].flatten(2).transpose(1, 2)) * 0.2
        boxes = torch.cat([centre - sides[..., :2], centre + sides[..., 2:]], -1)
        return found[:, 0].flatten(1), boxes


def add_coordinates(features: Tensor) -> Tensor:
    """Append x and y, from -1 to 1, to (B, C, h, w) features."""
    height, width = features.shape[-2:]
    y = torch.linspace(-1, 1, height)[:, None].expand(height, width)
    x = torch.linspace(-1, 1, width)[None].expand(height, width)
    grid = torch.stack([x, y])[None].expand(len(features), -1, -1, -1)
    return torch.cat([features, grid], 1)


def make_split(level: str, split: str, number: int, seed: int) -> tuple[Tensor, ...]:
    """Make images (I, 3, H, W), image numbers (B,), tokens (B, L) and boxes (B, 4)."""
    wanted = get_level(level)
    ids = {word: place for place, word in enumerate(load_vocabulary())}
    images, index, tokens, boxes = [], [], [], []
    for place in range(number):
        record = make_image(Job(wanted, split, seed, place, None))
        picture = render(record.scene)[0]
        images.append(torch.from_numpy(picture).permute(2, 0, 1))
        size = np.array([picture.shape[1], picture.shape[0]] * 2)
        for sentence in record.sentences:
            if sentence.kind == 'single':
                words = [ids[word] for word in sentence.wording.sent.split()][:WORDS]
                tokens.append(words + [0] * (WORDS - len(words)))
                index.append(place)
                boxes.append(record.boxes[sentence.targets[0]] / size)
    return (torch.stack(images), torch.tensor(index), torch.tensor(tokens),
            torch.tensor(np.array(boxes), dtype=torch.float32))


def loss_of(model: TinyModel, images: Tensor, tokens: Tensor, boxes: Tensor) -> Tensor:
    """Cross-entropy of the cell with the centre, L1 and IoU of its box."""
    heat, found = model(images, tokens)
    side = int(heat.shape[1]**0.5)
    centre = ((boxes[:, :2] + boxes[:, 2:]) / 2 * side).long().clamp(max=side - 1)
    cell = centre[:, 1] * side + centre[:, 0]
    chosen = found[torch.arange(len(cell)), cell]
    return (F.cross_entropy(heat, cell) + 5 * F.l1_loss(chosen, boxes)
            + (1 - paired_iou(chosen, boxes)).mean())


@torch.no_grad()
def accuracy(model: TinyModel, data: tuple[Tensor, ...]) -> float:
    """Return the percent of sentences whose box has an IoU of 0.5 or more."""
    images, index, tokens, boxes = data
    hits = 0
    for chosen in torch.arange(len(index)).split(256):
        heat, found = model(images[index[chosen]].float() / 127.5 - 1, tokens[chosen])
        best = found[torch.arange(len(chosen)), heat.argmax(1)]
        hits += int((paired_iou(best, boxes[chosen]) >= 0.5).sum())
    return 100 * hits / len(index)


def train(model: TinyModel, data: tuple[Tensor, ...], seconds: float,
          batch: int = 64) -> int:
    """Train for a time with a learning rate that falls to zero; return the passes."""
    images, index, tokens, boxes = data
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-4)
    start, passes = time.time(), 0
    while time.time() - start < seconds:
        for chosen in torch.randperm(len(index)).split(batch):
            left = max(0.0, 1 - (time.time() - start) / seconds)
            for group in optimizer.param_groups:
                group['lr'] = 3e-3 * min(1.0, 2 * left)
            loss = loss_of(model, images[index[chosen]].float() / 127.5 - 1,
                           tokens[chosen], boxes[chosen])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        passes += 1
    return passes


def main() -> None:
    """Make data, train, and print the accuracy on val."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--level', required=True, metavar='L0..L4')
    parser.add_argument('--images', type=int, default=3000, help='for training')
    parser.add_argument('--seconds', type=float, default=400)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    start = time.time()
    data = make_split(args.level, 'train', args.images, args.seed)
    known = make_split(args.level, 'val', max(args.images // 6, 1), args.seed)
    made = time.time() - start
    strides = 2 if args.level == 'L0' else 3
    model = TinyModel(len(load_vocabulary()), strides)
    size = sum(weight.numel() for weight in model.parameters())
    passes = train(model, data, args.seconds)
    scores = [f'{accuracy(model, split):.1f}' for split in (data, known)]
    print(f'{args.level}: {size} parameters, {len(data[1])} training sentences, '
          f'{passes} passes in {args.seconds:.0f} s (data {made:.0f} s), '
          f'accuracy at IoU 0.5: train {scores[0]}, val {scores[1]}')


if __name__ == '__main__':
    main()
