"""How far a score may be trusted: intervals and a paired test over images.

Sentences about one image tend to be answered right or wrong together, so images are
resampled, not sentences. A score is a ratio: the sum of what images add to its
numerator over the sum of what they add to its denominator.
"""
from typing import NamedTuple, Optional, Sequence

import numpy as np

DRAWS = 2000
"""How often images are resampled."""
CHUNK = 1 << 24
"""How many random numbers are held at once."""
LEAST_IMAGES = 20
"""With fewer images there is no interval: it would be too narrow."""


class Interval(NamedTuple):
    """A score and its interval, in percent.

    Attributes:
        score: over all images.
        low: end of the interval; None for fewer images than ``LEAST_IMAGES``.
        high: the other end.
        images: how many there are.
    """
    score: float
    low: Optional[float]
    high: Optional[float]
    images: int

    @property
    def ends(self) -> str:
        """The interval as text, or why there is none."""
        if self.low is None or self.high is None:
            plural = '' if self.images == 1 else 's'
            return f'(no interval: {self.images} image{plural})'
        return f'[{self.low:.1f}, {self.high:.1f}]'


class Comparison(NamedTuple):
    """Two scores of the same images.

    Attributes:
        difference: the second less the first, in percent points, with its interval.
        p: two-sided, the probability of a difference at least as large if the models
            were equally good.
    """
    difference: Interval
    p: float


def image_sums(terms: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Return what each image adds, (I, 2), in the order of image numbers.

    Args:
        terms: (N, 2) of the expressions.
        images: (N,) the image of each.
    """
    _, index = np.unique(images, return_inverse=True)
    return np.stack([np.bincount(index, column) for column in terms.T], axis=1)


def share(sums: np.ndarray) -> np.ndarray:
    """Return the score (...,) in percent of sums (..., 2); 0 where the second is 0."""
    part, whole = sums[..., 0], sums[..., 1]
    return 100 * np.divide(part, whole, out=np.zeros_like(part), where=whole != 0)


def resampled(tables: Sequence[np.ndarray], draws: int, seed: int) -> np.ndarray:
    """Return the scores (draws, T) of T tables (I, 2) over resampled images.

    All tables see the same images in a sample.
    """
    count = len(tables[0])
    random = np.random.default_rng(seed)
    joined = np.concatenate(tables, axis=1)  # (I, 2 T)
    scores = []
    left = draws
    while left:
        size = min(left, max(1, CHUNK // count))
        drawn = random.integers(0, count, (size, count))
        times = np.zeros((size, count))
        for row, chosen in zip(times, drawn):
            row += np.bincount(chosen, minlength=count)
        scores.append(share((times @ joined).reshape(size, -1, 2)))
        left -= size
    return np.concatenate(scores)


def interval(tables: Sequence[np.ndarray], *, draws: int = DRAWS, seed: int = 0,
             level: float = 0.95) -> Interval:
    """Return the mean score of tables (I, 2), one per seed, and its bootstrap interval.

    Args:
        tables: sums of the same images.
        draws: how often images are resampled.
        seed: of the random numbers.
        level: share of the samples within the interval, by percentiles.
    """
    mean = float(np.mean([share(table.sum(0)) for table in tables]))
    count = len(tables[0])
    if count < LEAST_IMAGES:
        return Interval(mean, None, None, count)
    scores = resampled(tables, draws, seed).mean(1)
    return Interval(mean, *_ends(scores, level), count)


def _ends(scores: np.ndarray, level: float) -> tuple[float, float]:
    """Return the percentiles that hold the middle part of scores (draws,)."""
    low, high = np.percentile(scores, [50 * (1 - level), 50 * (1 + level)])
    return float(low), float(high)


def compare(first: Sequence[np.ndarray], second: Sequence[np.ndarray], *,
            draws: int = DRAWS, seed: int = 0, level: float = 0.95) -> Comparison:
    """Compare two models on the same images; each has a table (I, 2) per seed.

    The interval of the difference comes from resampling images, ``p`` from exchanging
    the two models' answers to every image with probability one half. With several seeds
    their sums are compared.
    """
    total = [float(np.mean([share(table.sum(0)) for table in group]))
             for group in (first, second)]
    count = len(first[0])
    difference = Interval(total[1] - total[0], None, None, count)
    if count >= LEAST_IMAGES:
        scores = resampled([*first, *second], draws, seed)
        ours, theirs = scores[:, :len(first)].mean(1), scores[:, len(first):].mean(1)
        low, high = _ends(theirs - ours, level)
        difference = difference._replace(low=low, high=high)
    return Comparison(difference, exchange_test(
        np.mean(first, axis=0), np.mean(second, axis=0), draws=draws, seed=seed))


def exchange_test(first: np.ndarray, second: np.ndarray, *, draws: int = DRAWS,
                  seed: int = 0) -> float:
    """Return the two-sided p of a paired permutation test on tables (I, 2) of sums."""
    random = np.random.default_rng(seed)
    both, gap = first.sum(0) + second.sum(0), second - first
    seen = share(second.sum(0)) - share(first.sum(0))
    less = more = 0
    left = draws
    while left:
        size = min(left, max(1, CHUNK // len(first)))
        signs = random.integers(0, 2, (size, len(first))) * 2.0 - 1
        turned = signs @ gap  # (size, 2), second less first after exchanges
        found = share((both + turned) / 2) - share((both - turned) / 2)
        less += int((found <= seen + 1e-9).sum())
        more += int((found >= seen - 1e-9).sum())
        left -= size
    return min(1.0, 2 * (min(less, more) + 1) / (draws + 1))
