import itertools

import pytest

from segvg.datasets.synthref.forms import (
    All,
    Count,
    Extreme,
    Objects,
    Ordinal,
    Related,
    The,
    Together,
    from_json,
    to_json,
)
from segvg.datasets.synthref.levels import LEVELS
from segvg.datasets.synthref.scene import draw_scene
from segvg.datasets.synthref.semantics import (
    Undecided,
    Undefined,
    denote,
    gap,
    idle_words,
    is_at,
    is_related,
    try_denote,
)
from tests.datasets.synthref.conftest import make_scene

CIRCLES, RED = Objects('circle'), Objects(filters=(('colour', 'red'),))
FORMS = [
    (The(Objects('star')), {3}),
    (The(Objects('circle', (('colour', 'red'),))), {0}),
    (The(Objects('star', (('colour', 'red'),))), set()),
    (The(Objects('circle', (('place', 'left'),))), {0}),
    (The(Objects('circle', (('place', 'right'), ('size', 'medium')))), {1}),
    (The(Extreme(CIRCLES, 'left')), {0}),
    (The(Extreme(CIRCLES, 'largest')), {0}),
    (The(Extreme(Objects(), 'bottom')), {3}),
    (The(Extreme(Objects('ring'), 'top')), set()),
    (The(Ordinal(CIRCLES, 2, 'left')), {1}),
    (The(Ordinal(CIRCLES, 2, 'right')), {0}),
    (The(Related(CIRCLES, 'left of', The(Objects('square')))), {0}),
    (The(Related(Objects(), 'above', The(Objects('star')))), None),
    (All(RED), {0, 2}),
    (All(Objects('heart')), set()),
    (All(Objects('star')), None),
    (Count(CIRCLES, 2), {0, 1}),
    (Count(CIRCLES, 3), None),
    (The(CIRCLES), None),
    (The(Extreme(Objects('star'), 'left')), None),
    (The(Ordinal(CIRCLES, 3, 'left')), None),
    (The(Related(Objects('star'), 'below', The(CIRCLES))), None),
    (Together((The(Objects('star')), The(Objects('square')))), {2, 3}),
    (Together((The(Objects('star')), The(Objects('ring')))), None),
    (Together((The(Objects('star')), The(Objects('star')))), None),
]


@pytest.mark.parametrize('form, expected', FORMS, ids=lambda value: str(value)[:60])
def test_form_denotes_what_it_says(four, form, expected):
    found = try_denote(form, four)
    assert found == (None if expected is None else frozenset(expected))


@pytest.mark.parametrize('form, _', FORMS, ids=lambda value: str(value)[:60])
def test_form_survives_json(form, _):
    assert from_json(to_json(form)) == form


def test_filters_have_one_order():
    a = Objects('circle', (('place', 'left'), ('colour', 'red'), ('size', 'small')))
    b = Objects('circle', (('size', 'small'), ('colour', 'red'), ('place', 'left')))
    assert a == b
    assert a.kinds() == ('shape', 'size', 'colour', 'place')


def at(x, y=50.0):
    return make_scene(('circle', 'red', 'small', 6, x, y))


@pytest.mark.parametrize('x, place, truth', [
    (38, 'left', True), (38.1, 'left', None), (49.9, 'left', None), (50, 'left', False),
    (62, 'right', True), (50, 'right', False), (56, 'right', None),
    (38, 'middle', True), (37.9, 'middle', None), (26, 'middle', False)])
def test_place_has_an_undecided_zone(x, place, truth):
    scene = at(x)
    assert is_at(scene, scene.objects[0], place) is truth


@pytest.mark.parametrize('x, y, truth', [
    (20, 20, True), (32, 32, True), (33, 20, None), (50, 20, False), (40, 60, False)])
def test_corner_needs_both_sides(x, y, truth):
    scene = at(x, y)
    assert is_at(scene, scene.objects[0], 'top left') is truth


@pytest.mark.parametrize('x, y, truth', [
    (44, 50, True), (44.1, 50, None), (50, 50, False), (60, 50, False),
    (40, 57, True),      # boxes share rows
    (40, 63, None),      # they do not, and it is further down than left
    (30, 69, True)])     # they do not, but it is further left than down
def test_left_of_follows_the_table(x, y, truth):
    scene = make_scene(('circle', 'red', 'small', 6, x, y),
                       ('circle', 'red', 'small', 6, 50, 50))
    assert is_related(scene, scene.objects[0], 'left of', scene.objects[1]) is truth


@pytest.mark.parametrize('relation, back', [
    ('left of', 'right of'), ('above', 'below'), ('next to', 'next to')])
def test_relations_mirror(relation, back):
    level = LEVELS['L1']
    scenes = filter(None, (draw_scene(level, 'train', 0, i, 1) for i in range(40)))
    for scene in scenes:
        for a, b in itertools.permutations(scene.objects, 2):
            assert is_related(scene, a, relation, b) is is_related(scene, b, back, a)


@pytest.mark.parametrize('distance, truth', [
    (1, True), (4.5, True), (5.5, None), (14.5, None), (15.5, False)])
def test_next_to_measures_the_gap_of_the_outlines(distance, truth):
    scene = make_scene(('circle', 'red', 'medium', 10, 30, 50),
                       ('circle', 'red', 'medium', 10, 50 + distance, 50))
    a, b = scene.objects
    assert gap(a, b) == pytest.approx(distance, abs=0.3)
    assert is_related(scene, a, 'next to', b) is truth


def test_undecided_neighbours_stop_a_superlative_and_an_ordinal():
    scene = make_scene(('circle', 'red', 'medium', 10, 20, 20),
                       ('circle', 'red', 'medium', 10, 25, 80),
                       ('circle', 'red', 'medium', 10, 60, 50))
    with pytest.raises(Undecided):
        denote(The(Extreme(CIRCLES, 'left')), scene)
    with pytest.raises(Undecided):
        denote(The(Ordinal(CIRCLES, 3, 'left')), scene)
    assert denote(The(Extreme(CIRCLES, 'right')), scene) == {2}
    assert denote(The(Ordinal(CIRCLES, 3, 'top')), scene) == {1}


def test_leftmost_is_undecided_where_centres_and_edges_disagree():
    scene = make_scene(('circle', 'red', 'small', 5, 30, 20),
                       ('circle', 'red', 'large', 20, 38, 70))
    with pytest.raises(Undecided):
        denote(The(Extreme(CIRCLES, 'left')), scene)


def test_largest_needs_radius_and_area():
    # the star reaches further, the square covers more
    scene = make_scene(('star', 'red', 'medium', 12, 25, 50),
                       ('square', 'red', 'medium', 10, 75, 50))
    with pytest.raises(Undecided):
        denote(The(Extreme(Objects(), 'largest')), scene)


def test_one_undecided_object_stops_the_sentence_for_all():
    scene = make_scene(('circle', 'red', 'small', 6, 10, 50),
                       ('star', 'blue', 'small', 6, 45, 50))
    with pytest.raises(Undecided):
        denote(The(Objects('circle', (('place', 'left'),))), scene)


def test_unknown_relation_is_named(four):
    form = The(Related(CIRCLES, 'inside', The(Objects('star'))))
    with pytest.raises(ValueError, match="'inside' is not a relation"):
        denote(form, four)


def test_undefined_says_why(four):
    with pytest.raises(Undefined, match='2 objects, not one'):
        denote(The(CIRCLES), four)
    with pytest.raises(TypeError, match='is not a form'):
        denote('the circle', four)


def test_idle_words_are_those_that_remove_nothing(four):
    assert idle_words(The(Objects('circle', (('colour', 'red'),))), four) == []
    assert idle_words(The(Objects('star', (('colour', 'green'),))), four) == [
        'shape', 'colour']
    assert idle_words(The(Extreme(CIRCLES, 'left')), four) == []


def test_brute_force_over_single_words_agrees():
    """Every one-word sentence, written out by hand, on random small scenes."""
    for name, level in LEVELS.items():
        for index in range(40):
            scene = draw_scene(level, 'train', 11, index, 1)
            if scene is None:
                continue
            for kind in level.attributes:
                values = getattr(level, dict(shape='shapes', colour='colours',
                                             size='sizes')[kind])
                for value in values:
                    fits = [i for i, item in enumerate(scene.objects)
                            if getattr(item, kind) == value]
                    found = try_denote(The(Objects().replace(kind, value)), scene)
                    assert found == (frozenset(fits) if len(fits) < 2 else None), name
            by_x = sorted((item.cx, i) for i, item in enumerate(scene.objects))
            found = try_denote(The(Extreme(Objects(), 'left')), scene)
            if found is not None:
                assert found == {by_x[0][1]}
                assert by_x[1][0] - by_x[0][0] >= 0.06 * scene.width
