from collections import Counter

import numpy as np
import pytest

from segvg.synthref.compound.backgrounds import (
    ANY,
    choose_background,
    paint_ripples,
    paint_strokes,
    paint_tiles,
)
from segvg.synthref.compound.crowds import draw_crowd
from segvg.synthref.levels import LEVELS
from segvg.synthref.predicates import Geometry
from segvg.synthref.streams import Stream

CROWDED = [level for level in LEVELS.values() if level.compound]


def scenes(level, split='train', number=60):
    found = [draw_crowd(level, split, 8, index, 1) for index in range(number)]
    return [scene for scene in found if scene]


@pytest.mark.slow
@pytest.mark.parametrize('level', CROWDED, ids=lambda level: level.name)
def test_objects_that_overlap_do_so_clearly_and_have_two_colours(level):
    overlaps = 0
    for scene in scenes(level):
        shares = Geometry(scene).overlap
        for i, j in np.argwhere(np.triu(shares) > 0.02):
            if (shares[i] * shares[j]).any():
                continue   # a third one may be between them
            overlaps += 1
            assert shares[i, j] >= 0.1
            assert scene.objects[i].colour != scene.objects[j].colour
    assert overlaps > 5


@pytest.mark.slow
@pytest.mark.parametrize('level', CROWDED, ids=lambda level: level.name)
def test_shapes_and_colours_are_shared(level):
    found = scenes(level)
    for scene in found:
        counts = [Counter(getattr(item, name) for item in scene.objects)
                  for name in ('shape', 'colour')]
        if level.number >= 4:
            assert max(counts[0].values()) >= 3 and max(counts[1].values()) >= 2
    assert all((item.direction is not None) == (item.shape == 'arrow')
               and (item.tone is not None) == (item.fill != 'plain')
               for scene in found for item in scene.objects)


def test_l5_mixes_two_canvases_and_has_a_camera():
    found = scenes(LEVELS['L5'])
    assert {(scene.width, scene.height) for scene in found} == {(320, 240), (480, 320)}
    assert {scene.noise['blur'] for scene in found} == {0, 1}
    assert all(0.85 <= scene.noise['brightness'] <= 1.15 for scene in found)


def test_backgrounds_are_pale_and_their_patterns_have_two_tones():
    colours = dict(red=(220, 20, 20), white=(255, 255, 255), black=(20, 20, 20))
    for number, kind in enumerate((*ANY, 'ripples')):
        record = choose_background(
            kind, LEVELS['L3'], colours, Stream(0, 0, 0, number, 'texture'))
        assert record['kind'] == kind
        assert all(90 < sum(colour) / 3 < 225 for colour in record['colours'])
    for slant in range(3):
        tiles = paint_tiles(dict(cell=8, slant=slant), 64, 48)
        assert set(np.unique(tiles)) == {0, 1} and abs(tiles.mean() - 0.5) < 0.1
    ripples = paint_ripples(dict(cell=8, centre=[0.5, 0.5]), 64, 48)
    assert ripples.shape == (64, 48) and 0 <= ripples.min() < ripples.max() <= 1


def test_strokes_cover_a_small_part():
    ground = np.full((128, 128, 3), 200.0)
    paint_strokes(ground, 3)
    assert 0.005 < (ground != 200).any(-1).mean() < 0.25
