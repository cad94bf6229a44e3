"""Weights by rule are those that NumPy draws one after the other."""
import zlib

import numpy as np
import pytest

from tests.parity import fill


def drawn_singly(name: str, count: int) -> np.ndarray:
    seed = zlib.crc32(name.encode()) & 0x7FFFFFFF
    return np.random.RandomState(seed).standard_normal(count)


@pytest.mark.parametrize('count', [
    7, fill.FEW, fill.FEW + 1, fill.PAIRS + 1, 2 * fill.PAIRS, 5 * fill.PAIRS + 3])
def test_numbers_drawn_together_are_those_drawn_singly(count):
    parts = list(fill.normal(zlib.crc32(b'some.weight'), count))
    numbers = np.concatenate(parts)
    assert len(parts) == 1 or count > fill.FEW
    # Processors with AVX-512 have another logarithm for many numbers.
    np.testing.assert_array_max_ulp(numbers, drawn_singly('some.weight', count), 4)


def test_scale_follows_from_name_and_shape():
    size = 3 * fill.PAIRS
    noise = {name: drawn_singly(name, size) for name in (
        'a.weight', 'norm.weight', 'norm.bias', 'bn.running_mean', 'bn.running_var')}
    expected = {
        'a.weight': noise['a.weight'].reshape(16, -1, 3) / (size / 16)**0.5,
        'norm.weight': 1 + 0.05 * noise['norm.weight'],
        'norm.bias': 0.02 * noise['norm.bias'],
        'bn.running_mean': 0.02 * noise['bn.running_mean'],
        'bn.running_var': 1 + 0.1 * np.abs(noise['bn.running_var'])}
    for name, values in expected.items():
        np.testing.assert_array_max_ulp(
            fill.draw(name, values.shape), values.astype(np.float32), 1)


def test_only_the_last_two_cases_are_kept(monkeypatch):
    monkeypatch.setattr(fill, '_drawn', {})
    monkeypatch.setattr(fill, '_drawn_before', {})
    first = fill.fill('a.weight', (2, 3))
    assert fill.fill('a.weight', (2, 3)) is first
    fill.end_case()
    assert fill.fill('a.weight', (2, 3)) is first
    fill.end_case()
    fill.end_case()
    again = fill.fill('a.weight', (2, 3))
    assert again is not first
    np.testing.assert_array_equal(again, first)
