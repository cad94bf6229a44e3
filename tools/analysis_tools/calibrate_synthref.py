"""Train a small reference model on a SynthRef level and report its accuracy.

python tools/analysis_tools/calibrate_synthref.py --level L1 --images 4000 --seconds 600
python tools/analysis_tools/calibrate_synthref.py --level L2 --images 8000 \\
    --seconds 840 --model order

All models predict a box. ``words`` is tiny: it sums the embeddings of the words, so it
cannot see their order. ``order`` reads the words one after the other and looks at the
image twice: first for a landmark, then, relative to it, for the object. ``blind`` is
``words`` without the words. Their accuracy tells how hard a level is, nothing more.
"""
import argparse
import time
from pathlib import Path
from typing import Iterator, NamedTuple

from segvg.synthref.levels import get_level
from segvg.utils.exits import one_line_errors


def parse_args() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--level', required=True, metavar='L0..L4',
                        help='how hard: data/README.md has the table of levels')
    parser.add_argument('--model', default='words', choices=('words', 'order', 'blind'),
                        help='which model (default: %(default)s)')
    parser.add_argument('--images', type=int, default=3000, metavar='N',
                        help='images for training (default: %(default)s)')
    parser.add_argument('--seconds', type=float, default=400, metavar='N',
                        help='seconds of training (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, metavar='N',
                        help='seed of all that is drawn (default: %(default)s)')
    parser.add_argument('--keep', type=Path, metavar='F.pt',
                        help='file of the data: read when it is there, else written')
    return parser.parse_args()


if __name__ == '__main__':
    parse_args()  # --help and wrong flags: before the slow imports below

import numpy as np
import torch
from synthref_models import Found, OrderModel, WordsModel
from torch import Tensor, nn
from torch.nn import functional as F

from segvg.checkpoints.io import load_checkpoint
from segvg.structures.boxes import paired_iou
from segvg.synthref.facts import members_of
from segvg.synthref.grammar import load_vocabulary
from segvg.synthref.images import Job, find_scene, tight_box
from segvg.synthref.render import draw_picture
from segvg.synthref.sentences import Sentence
from segvg.utils.files import whole_file

WORDS = 24

IMAGES_OF_BATCH = 24

_TELL = 60   # seconds


class Split(NamedTuple):
    """Images and the sentences about one object; boxes are xyxy, shares of the image.

    ``landmarks`` has the centre of what the object is related to, NaN where there is
    nothing, or several things.
    """

    images: Tensor     # (I, 3, H, W) uint8
    index: Tensor      # (B,) int64, the image of each sentence, ascending
    tokens: Tensor     # (B, L) int64, 0 = padding
    boxes: Tensor      # (B, 4)
    landmarks: Tensor  # (B, 2)


def make_split(level: str, split: str, number: int, seed: int) -> Split:
    """Make the images of a split and collect their sentences about one object."""
    wanted = get_level(level)
    ids = {word: place for place, word in enumerate(load_vocabulary())}
    images, index, tokens, boxes, landmarks = [], [], [], [], []
    for place in range(number):
        scene, sentences, masks = find_scene(Job(wanted, split, seed, place, None))
        picture = draw_picture(scene)
        images.append(torch.from_numpy(picture).permute(2, 0, 1))
        size = np.array([picture.shape[1], picture.shape[0]] * 2)
        shares = np.array(list(map(tight_box, masks))) / size
        for sentence in sentences:
            if sentence.kind == 'single':
                words = [ids[word] for word in sentence.wording.sent.split()][:WORDS]
                tokens.append(words + [0] * (WORDS - len(words)))
                index.append(place)
                boxes.append(shares[sentence.targets[0]])
                landmarks.append(find_landmark(sentence, shares))
    return Split(torch.stack(images), torch.tensor(index), torch.tensor(tokens),
                 torch.tensor(np.array(boxes), dtype=torch.float32),
                 torch.tensor(np.array(landmarks), dtype=torch.float32))


def find_landmark(sentence: Sentence, boxes: np.ndarray) -> np.ndarray:
    """Return the centre (2,) of the one other object that is named, or NaN."""
    others = [phrase.objects for phrase in sentence.wording.phrases or ()
              if phrase.objects != 1 << sentence.targets[0]]
    if len(others) != 1 or others[0].bit_count() != 1:
        return np.full(2, np.nan)
    box = boxes[members_of(others[0])[0]]
    return (box[:2] + box[2:]) / 2


def cell_of(centre: Tensor, cells: int) -> Tensor:
    """Return the number (B,) of the cell of a square grid where a centre (B, 2) is."""
    side = int(cells**0.5)
    column, row = (centre * side).long().clamp(0, side - 1).unbind(1)
    return row * side + column


def loss_of(found: Found, boxes: Tensor, landmarks: Tensor) -> Tensor:
    """Cross-entropy of the cells of object and landmark, L1 and IoU of the box."""
    cells = found.heat.shape[1]
    cell = cell_of((boxes[:, :2] + boxes[:, 2:]) / 2, cells)
    chosen = found.boxes[torch.arange(len(cell)), cell]
    loss = (F.cross_entropy(found.heat, cell) + 5 * F.l1_loss(chosen, boxes)
            + (1 - paired_iou(chosen, boxes)).mean())
    known = landmarks[:, 0].isfinite()
    if found.landmark is not None and known.any():
        cell = cell_of(landmarks[known], cells)
        loss = loss + F.cross_entropy(found.landmark[known], cell)
    return loss


def batches(data: Split, shuffled: bool) -> Iterator[tuple[Tensor, ...]]:
    """Yield images and their sentences: images, index, tokens, boxes, landmarks."""
    counts = data.index.bincount(minlength=len(data.images))
    starts = counts.cumsum(0) - counts
    order = torch.randperm(len(counts)) if shuffled else torch.arange(len(counts))
    for chosen in order[counts[order] > 0].split(IMAGES_OF_BATCH):
        rows = torch.cat([torch.arange(starts[i], starts[i] + counts[i])
                          for i in chosen.tolist()])
        index = torch.arange(len(chosen)).repeat_interleave(counts[chosen])
        yield (data.images[chosen], index, data.tokens[rows], data.boxes[rows],
               data.landmarks[rows])


@torch.no_grad()
def accuracy(model: nn.Module, data: Split) -> float:
    """Return the percent of sentences whose box has an IoU of 0.5 or more."""
    hits = 0
    for images, index, tokens, boxes, _ in batches(data, False):
        found = model(images, index, tokens)
        best = found.boxes[torch.arange(len(index)), found.heat.argmax(1)]
        hits += int((paired_iou(best, boxes) >= 0.5).sum())
    return 100 * hits / len(data.index)


def train(model: nn.Module, data: Split, seconds: float, rate: float = 3e-3) -> float:
    """Train with a rate that rises, then falls to zero; return the epochs done."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=1e-4)
    start = told = time.time()
    seen = 0
    while time.time() - start < seconds:
        for images, index, tokens, boxes, landmarks in batches(data, True):
            part = min(1.0, (time.time() - start) / seconds)
            for group in optimizer.param_groups:
                group['lr'] = rate * min(1.0, 0.05 + 20 * part, 1.6 * (1 - part))
            loss = loss_of(model(images, index, tokens), boxes, landmarks)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            seen += len(index)
            if time.time() - told > _TELL:
                told = time.time()
                print(f'{told - start:.0f} s: {seen / len(data.index):.2f} passes, '
                      f'loss {loss.item():.2f}', flush=True)
            if part == 1:
                break
    return seen / len(data.index)


def load_splits(args: argparse.Namespace) -> dict[str, Split]:
    """Make both splits, or read them from their file."""
    if args.keep and args.keep.is_file():
        kept = load_checkpoint(args.keep)
        return {name: Split(*tensors) for name, tensors in kept.items()}
    made = {'train': make_split(args.level, 'train', args.images, args.seed),
            'val': make_split(args.level, 'val', max(args.images // 8, 1), args.seed)}
    if args.keep:
        with whole_file(args.keep) as stream:
            torch.save({name: tuple(split) for name, split in made.items()}, stream)
    return made


@one_line_errors
def main() -> None:
    """Make data, train, and print the accuracy on val."""
    args = parse_args()
    torch.set_num_threads(1)
    start, data = time.time(), load_splits(args)
    made = time.time() - start
    torch.manual_seed(args.seed)
    strides, words = 2 if args.level == 'L0' else 3, len(load_vocabulary())
    model = OrderModel(words, strides) if args.model == 'order' else WordsModel(
        words, strides, blind=args.model == 'blind')
    size = sum(weight.numel() for weight in model.parameters())
    passes = train(model, data['train'], args.seconds)
    scores = [f'{name} {accuracy(model, split):.1f}' for name, split in data.items()]
    print(f'{args.level}, {args.model}: {size} parameters, '
          f'{len(data["train"].index)} training sentences, {passes:.1f} passes in '
          f'{args.seconds:.0f} s (data {made:.0f} s), accuracy at IoU 0.5: '
          f'{", ".join(scores)}')


if __name__ == '__main__':
    main()
