import colorsys

import numpy as np
import pytest

from segvg.synthref.compound.backgrounds import ANY
from segvg.synthref.compound.crowds import draw_crowd
from segvg.synthref.levels import COLOURS, LEVELS, SPLITS
from segvg.synthref.render import full_mask, render, value_noise, visible_masks
from segvg.synthref.scene import Scene, draw_scene, jitter_colour
from segvg.synthref.shapes import FILLS
from segvg.synthref.streams import Stream
from tests.synthref.conftest import make_scene

pytestmark = pytest.mark.slow


def test_square_covers_the_pixels_whose_centres_lie_in_it():
    # half side 0.9 * 10 = 9 around (20.5, 30.5): centres from 11.5 to 29.5
    picture, masks = render(make_scene(('square', 'red', 'medium', 10, 20.5, 30.5)))
    rows, columns = np.nonzero(masks[0])
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (11, 29, 21, 39)
    assert masks[0].sum() == 19 * 19
    assert picture[30, 20].tolist() == [255, 0, 0]
    assert picture[0, 0].tolist() == [200, 200, 200]


def test_edge_pixels_are_mixed_by_the_covered_share():
    # the right edge at 30 + 9 = 39.25: a quarter of pixel column 39
    picture, masks = render(make_scene(('square', 'red', 'medium', 10, 30.25, 50)))
    assert picture[50, 39].tolist() == [200 + 55 // 4 + 1, 150, 150]
    assert not masks[0, 50, 39]


def test_nearer_object_hides_the_other():
    scene = make_scene(('square', 'red', 'large', 20, 40, 50),
                       ('circle', 'blue', 'medium', 10, 55, 50))
    _, masks = render(scene)
    full = [full_mask(scene, index) for index in range(2)]
    np.testing.assert_array_equal(masks[1], full[1])
    np.testing.assert_array_equal(masks[0], full[0] & ~full[1])


def test_ring_has_a_hole_and_visible_masks_do_not_overlap(all_records):
    scene = make_scene(('ring', 'red', 'large', 20, 50, 50))
    _, masks = render(scene)
    assert not masks[0, 50, 50] and masks[0, 50, 66]
    for _, record in all_records[::20]:
        masks = visible_masks(record.scene)
        assert masks.sum(0).max() == 1


def test_picture_depends_on_the_stored_scene_alone(all_records):
    for _, record in all_records[::24]:
        again = Scene.from_dict(record.scene.to_dict())
        assert again == record.scene
        picture, masks = render(record.scene)
        np.testing.assert_array_equal(render(again)[0], picture)
        np.testing.assert_array_equal(visible_masks(again), masks)


def test_masks_have_the_attributes_centre_and_area(simple_records):
    for _, record in simple_records[::10]:
        for mask, item in zip(visible_masks(record.scene), record.scene.objects):
            rows, columns = np.nonzero(mask)
            assert columns.mean() + 0.5 == pytest.approx(item.cx, abs=0.5)
            assert rows.mean() + 0.5 == pytest.approx(item.cy, abs=0.5)
            assert mask.sum() == pytest.approx(item.area, rel=0.2)


def test_objects_keep_apart_and_inside(simple_records):
    for _, record in simple_records:
        boxes = [item.box for item in record.scene.objects]
        for i, box in enumerate(boxes):
            assert min(box) >= 1.99
            assert box[2] <= record.scene.width - 1.99
            assert box[3] <= record.scene.height - 1.99
            for other in boxes[:i]:
                gaps = (box[0] - other[2], other[0] - box[2],
                        box[1] - other[3], other[1] - box[3])
                assert max(gaps) >= 1.99


@pytest.mark.slow
def test_enough_of_every_object_is_visible(compound_records):
    hidden = 0
    for level, record in compound_records:
        masks = visible_masks(record.scene)
        for index, mask in enumerate(masks):
            full = full_mask(record.scene, index).sum()
            hidden += mask.sum() < full
            assert mask.sum() >= 30
            assert mask.sum() >= (level.visible - 0.02) * full
    assert hidden > 100


def test_full_masks_have_the_attributes_centre_and_area(compound_records):
    for _, record in compound_records[::5]:
        for index, item in enumerate(record.scene.objects):
            rows, columns = np.nonzero(full_mask(record.scene, index))
            assert columns.mean() + 0.5 == pytest.approx(item.cx, abs=0.5)
            assert rows.mean() + 0.5 == pytest.approx(item.cy, abs=0.5)
            assert len(rows) == pytest.approx(item.area, rel=0.2)


@pytest.mark.parametrize('factor, share', [('striped', 0.42), ('dotted', 0.23),
                                           ('checked', 0.455)])
def test_fills_show_less_than_half_of_their_second_tone(factor, share):
    ticks = np.linspace(-2, 2, 401)[:-1]
    found = FILLS[factor](ticks[None, :], ticks[:, None])
    assert found.shape == (400, 400)
    assert found.mean() == pytest.approx(share, abs=0.03)


HUED = ('red', 'orange', 'yellow', 'green', 'blue', 'purple')


@pytest.mark.parametrize('name', HUED)
def test_jittered_colours_stay_nearest_to_their_own_hue(name):
    stream = Stream(0, 0, 0, 0, 'attributes')
    for _ in range(200):
        hue, _, value = colorsys.rgb_to_hsv(
            *(part / 255 for part in jitter_colour(name, stream)))
        away = {other: abs((360 * hue - COLOURS[other][0] + 180) % 360 - 180)
                for other in HUED}
        assert min(away, key=away.get) == name
        assert away[name] <= 7
        assert value == pytest.approx(COLOURS[name][2], rel=0.11)


def test_value_noise_is_smooth_and_fills_its_range():
    noise = value_noise(96, 80, 3, seed=5)
    assert (noise.min(), noise.max()) == (0, 1)
    assert np.abs(np.diff(noise, axis=0)).max() < 0.25
    np.testing.assert_array_equal(noise, value_noise(96, 80, 3, seed=5))


@pytest.mark.slow
@pytest.mark.parametrize('level', LEVELS.values(), ids=LEVELS)
def test_splits_have_their_number_of_objects_and_background(level):
    for split in SPLITS:
        draw = draw_crowd if level.compound else draw_scene
        scenes = [draw(level, split, 0, index, 1) for index in range(60)]
        scenes = [scene for scene in scenes if scene]
        low, high = level.look(split).objects
        assert {len(scene.objects) for scene in scenes} == set(range(low, high + 1))
        wanted = level.look(split).background
        assert {scene.background['kind'] for scene in scenes} == (
            set(ANY) if wanted == 'any' else {wanted})
    assert level.usual.objects[1] < level.unusual.objects[0]
    assert level.usual.background != level.unusual.background
