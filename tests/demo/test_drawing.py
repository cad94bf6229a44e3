"""Numbered answers on a picture."""
import numpy as np

from segvg.demo.drawing import LONGEST_SIDE, SMALLEST_SIDE, draw_layers
from segvg.visualization.drawing import Layer

ORANGE, BLUE = (255, 145, 0), (64, 196, 255)


def test_large_and_small_pictures_get_a_sensible_size():
    assert draw_layers(np.zeros((48, 60, 3), np.uint8), []).shape == (
        SMALLEST_SIDE * 48 // 60, SMALLEST_SIDE, 3)
    assert draw_layers(np.zeros((10, 4000, 3), np.uint8), []).shape == (
        4, LONGEST_SIDE, 3)


def test_each_box_has_its_color_and_a_tag_that_others_do_not_cover():
    box = np.array([[50., 100., 300., 300.]])
    picture = draw_layers(np.zeros((480, 600, 3), np.uint8), [
        Layer('a', ORANGE, box, None, '1'), Layer('b', BLUE, box + 2, None, '2')])
    colors = [tuple(color) for color in picture[90, ::1]]  # a row through both tags
    assert ORANGE in colors and BLUE in colors
    assert max(x for x, color in enumerate(colors) if color == ORANGE) < min(
        x for x, color in enumerate(colors) if color == BLUE)


def test_mask_is_drawn():
    mask = np.zeros((480, 600), bool)
    mask[100:200, 100:200] = True
    picture = draw_layers(np.full((480, 600, 3), 128, np.uint8), [
        Layer('a', ORANGE, np.zeros((0, 4)), mask)])
    assert tuple(picture[150, 150]) != (128, 128, 128)
    assert tuple(picture[50, 50]) == (128, 128, 128)
