"""Intervals and the paired test, against scipy on made-up data."""
import numpy as np
import pytest

from segvg.bench.statistics import compare, exchange_test, image_sums, interval, share


@pytest.fixture(scope='module')
def stats():
    from scipy import stats  # a second, which each process of the tests would need
    return stats


@pytest.fixture
def tables():
    """Sums of two models over 80 images with one to five sentences each."""
    random = np.random.default_rng(3)
    counts = random.integers(1, 6, 80).astype(float)
    first = np.stack([random.binomial(counts.astype(int), 0.6), counts], axis=1)
    second = np.stack([np.clip(first[:, 0] + random.integers(-1, 2, 80)
                               * (random.random(80) < 0.6), 0, counts), counts], axis=1)
    return first.astype(float), second


def ratio(part, whole, axis=-1):
    return 100 * part.sum(axis) / whole.sum(axis)


def test_sums_of_images():
    sums = image_sums(np.array([[1, 1], [0, 1], [0.5, 2]]), np.array([7, 3, 7]))
    assert sums.tolist() == [[0, 1], [1.5, 3]]
    assert share(sums.sum(0)) == 37.5 and share(np.zeros(2)) == 0


def test_interval_agrees_with_scipy(tables, stats):
    first, _ = tables
    ours = interval([first], draws=8000)
    theirs = stats.bootstrap(
        (first[:, 0], first[:, 1]), ratio, paired=True, vectorized=True,
        method='percentile', n_resamples=8000,
        rng=np.random.default_rng(1)).confidence_interval
    assert ours.score == pytest.approx(ratio(first[:, 0], first[:, 1]))
    assert ours.low == pytest.approx(theirs.low, abs=0.35)
    assert ours.high == pytest.approx(theirs.high, abs=0.35)


def test_paired_test_agrees_with_scipy(tables, stats):
    first, second = tables

    def difference(a, b, axis=-1):
        return b.mean(axis) - a.mean(axis)

    for scale in (0.0, 0.5, 1.0):
        other = first + scale * (second - first)
        other[:, 1] = first[:, 1]
        theirs = stats.permutation_test(
            (first[:, 0], other[:, 0]), difference, permutation_type='samples',
            vectorized=True, n_resamples=8000, rng=np.random.default_rng(1)).pvalue
        assert exchange_test(first, other, draws=8000) == pytest.approx(
            theirs, abs=0.02)


def test_paired_test_of_few_images_equals_all_exchanges():
    """Four images, all better: 2 of 16 exchanges are as far apart."""
    first = np.array([[0, 1], [0, 1], [0, 1], [0, 1]], dtype=float)
    second = np.array([[1, 1], [1, 1], [1, 1], [1, 1]], dtype=float)
    assert exchange_test(first, second, draws=20000) == pytest.approx(2 / 16, abs=0.01)


def test_a_model_does_not_differ_from_itself(tables):
    result = compare([tables[0]], [tables[0]])
    assert result.difference == (0, 0, 0, 80) and result.p == 1


def test_comparison_of_seeds_is_of_their_means(tables):
    first, second = tables
    result = compare([first, first], [first, second])
    alone = compare([first], [second])
    assert result.difference.score == pytest.approx(alone.difference.score / 2)
    assert compare([second], [first]).difference.score == pytest.approx(
        -alone.difference.score)
    assert result.difference.low < result.difference.score < result.difference.high


def test_draws_in_parts_change_nothing(tables, monkeypatch):
    whole = interval([tables[0]], draws=100)
    monkeypatch.setattr('segvg.bench.statistics.CHUNK', 80 * 30)
    assert interval([tables[0]], draws=100) == whole
