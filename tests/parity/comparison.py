"""How a recorded number and ours are held against each other."""
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from torch import Tensor

OUTPUT = 1e-5  # absolute, after a sigmoid
INTERMEDIATE = 1e-5  # times the largest recorded value, at least 1
LOSS = 1e-4  # relative
GRADIENT = 1e-3  # relative


class Comparison(NamedTuple):
    """One recorded array against ours.

    Attributes:
        name: of the recorded array.
        difference: the largest, in the unit of the tolerance.
        tolerance: what is allowed.
    """
    name: str
    difference: float
    tolerance: float


def sum_of_squares(values: Tensor) -> float:
    """Return it added up in float64, without a float64 copy of all values."""
    return sum(float(part.double().square_().sum())
               for part in values.flatten().split(1 << 16))


def as_array(value) -> np.ndarray:
    """Return a float64 array of a tensor or array."""
    if isinstance(value, Tensor):
        value = value.detach().cpu().numpy()
    return np.asarray(value, dtype=np.float64)


def absolute(name: str, ours, recorded, tolerance: float = OUTPUT) -> Comparison:
    """Compare by the largest absolute difference."""
    ours, recorded = as_array(ours), as_array(recorded)
    if ours.shape != recorded.shape:
        raise AssertionError(f'{name}: shape {ours.shape}, recorded {recorded.shape}')
    difference = float(np.abs(ours - recorded).max()) if ours.size else 0.0
    return Comparison(name, difference, tolerance)


def scaled(name: str, ours, recorded, tolerance: float = INTERMEDIATE) -> Comparison:
    """Compare by the largest difference over the largest value recorded, or 1."""
    scale = max(1.0, float(np.abs(as_array(recorded)).max(initial=0.0)))
    plain = absolute(name, ours, recorded)
    return Comparison(name, plain.difference / scale, tolerance)


def relative(name: str, ours, recorded, tolerance: float) -> Comparison:
    """Compare by the difference over the largest recorded value."""
    plain = absolute(name, ours, recorded)
    scale = max(float(np.abs(as_array(recorded)).max(initial=0.0)), 1e-12)
    return Comparison(name, plain.difference / scale, tolerance)


def load_case(path: Path) -> dict:
    """Return the arrays of a case file and its parsed ``meta``."""
    with np.load(path, allow_pickle=False) as archive:
        case = {name: archive[name] for name in archive.files}
    case['meta'] = json.loads(str(case['meta']))
    return case
