import math

import numpy as np
import pytest

from segvg.synthref.shapes import SHAPES, covers, measure


@pytest.mark.parametrize('shape, area', [
    ('square', 1.8**2), ('circle', math.pi), ('triangle', 1.2**2 * 0.75 * 3**0.5),
    ('ring', math.pi * (1.1**2 - 0.55**2)), ('cross', 4 * 1.1 * 0.76 - 0.76**2)])
def test_measured_area_is_the_exact_one(shape, area):
    assert measure(shape).area == pytest.approx(area, rel=0.01)


@pytest.mark.parametrize('shape', SHAPES)
def test_shape_has_its_centroid_at_the_origin_and_fills_its_extent(shape):
    ticks = np.linspace(-1.6, 1.6, 641)
    u, v = np.meshgrid(ticks, ticks)
    inside = covers(shape, u, v)
    assert u[inside].mean() == pytest.approx(0, abs=0.01)
    assert v[inside].mean() == pytest.approx(0, abs=0.01)
    found = (u[inside].min(), v[inside].min(), u[inside].max(), v[inside].max())
    assert found == pytest.approx(measure(shape).extent, abs=0.03)


def test_star_has_five_points_and_stands_on_two():
    angles, radii = np.radians(np.arange(0, 360, 2)), np.linspace(0, 1.4, 141)[:, None]
    inside = covers('star', radii * np.sin(angles), -radii * np.cos(angles))
    reach = (radii * inside).max(0)
    above = reach > 1.0   # one run of angles for each point, 0 is up
    starts = np.flatnonzero(above & ~np.roll(above, 1))
    assert len(starts) == 5
    assert above[[0, 36, 72, 108, 144]].all()
