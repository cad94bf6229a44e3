import numpy as np
import pytest

from segvg.synthref.compound.crowds import draw_crowd
from segvg.synthref.facts import facts_of, members_of
from segvg.synthref.forms import (
    Alike,
    All,
    Between,
    Compared,
    Count,
    Except,
    Extreme,
    Nearest,
    Objects,
    Ordinal,
    Related,
    The,
    Together,
    Without,
    from_json,
    to_json,
)
from segvg.synthref.levels import LEVELS
from segvg.synthref.predicates import Geometry, at, related
from segvg.synthref.scene import draw_scene
from segvg.synthref.semantics import (
    Undecided,
    Undefined,
    denote,
    idle_parts,
    idle_words,
    pick,
    try_denote,
)
from tests.synthref.conftest import make_scene

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


TRUTHS = {1: True, 0: False, -1: None}


def is_at(x, y, place):
    scene = make_scene(('circle', 'red', 'small', 6, x, y))
    return TRUTHS[int(at(Geometry(scene), place)[0])]


def truth(scene, first, relation, second):
    return TRUTHS[int(related(Geometry(scene), relation)[first, second])]


@pytest.mark.parametrize('x, place, expected', [
    (38, 'left', True), (38.1, 'left', None), (49.9, 'left', None), (50, 'left', False),
    (62, 'right', True), (50, 'right', False), (56, 'right', None),
    (38, 'middle', True), (37.9, 'middle', None), (26, 'middle', False)])
def test_place_has_an_undecided_zone(x, place, expected):
    assert is_at(x, 50, place) is expected


@pytest.mark.parametrize('x, y, expected', [
    (20, 20, True), (32, 32, True), (33, 20, None), (50, 20, False), (40, 60, False)])
def test_corner_needs_both_sides(x, y, expected):
    assert is_at(x, y, 'top left') is expected


@pytest.mark.parametrize('x, y, expected', [
    (44, 50, True), (44.1, 50, None), (50, 50, False), (60, 50, False),
    (40, 57, True),      # boxes share rows
    (40, 63, None),      # they do not, and it is further down than left
    (30, 69, True)])     # they do not, but it is further left than down
def test_left_of_follows_the_table(x, y, expected):
    scene = make_scene(('circle', 'red', 'small', 6, x, y),
                       ('circle', 'red', 'small', 6, 50, 50))
    assert truth(scene, 0, 'left of', 1) is expected


@pytest.mark.slow
@pytest.mark.parametrize('relation, back', [
    ('left of', 'right of'), ('above', 'below'), ('next to', 'next to'),
    ('in front of', 'behind'), ('overlapping', 'overlapping')])
def test_relations_mirror(relation, back):
    level = LEVELS['L4']
    for index in range(40):
        scene = draw_crowd(level, 'train', 0, index, 1)
        if scene:
            geometry = Geometry(scene)
            there, back_again = related(geometry, relation), related(geometry, back)
            off = ~np.eye(len(scene.objects), dtype=bool)
            np.testing.assert_array_equal(there[off], back_again.T[off])


@pytest.mark.parametrize('distance, expected', [
    (1, True), (4.5, True), (5.5, None), (14.5, None), (15.5, False)])
def test_next_to_measures_the_gap_of_the_outlines(distance, expected):
    scene = make_scene(('circle', 'red', 'medium', 10, 30, 50),
                       ('circle', 'red', 'medium', 10, 50 + distance, 50))
    found = Geometry(scene).gaps[0, 1]
    assert found == pytest.approx(distance if distance < 15 else np.inf, abs=0.4)
    assert truth(scene, 0, 'next to', 1) is expected


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
    form = The(Related(CIRCLES, 'around', The(Objects('star'))))
    with pytest.raises(ValueError, match="'around' is not a relation"):
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


@pytest.mark.slow
def test_brute_force_over_single_words_agrees():
    """Every one-word sentence, written out by hand, on random small scenes."""
    for name, level in LEVELS.items():
        draw = draw_crowd if level.compound else draw_scene
        for index in range(40):
            scene = draw(level, 'train', 11, index, 1)
            if scene is None:
                continue
            for kind in level.attributes:
                for value in level.values(kind):
                    fits = [i for i, item in enumerate(scene.objects)
                            if getattr(item, kind) == value]
                    found = try_denote(The(Objects().replace(kind, value)), scene)
                    assert found == (frozenset(fits) if len(fits) < 2 else None), name
                    rest = frozenset(range(len(scene.objects))) - set(fits)
                    found = try_denote(All(Without(Objects(), kind, value)), scene)
                    assert found == (None if len(rest) == 1 else rest)
            by_x = sorted((item.cx, i) for i, item in enumerate(scene.objects))
            found = try_denote(The(Extreme(Objects(), 'left')), scene)
            if found is not None:
                assert found == {by_x[0][1]}
                assert by_x[1][0] - by_x[0][0] >= 0.06 * scene.width


def test_brute_force_over_relations_to_each_object_agrees():
    """Relations, comparisons, orders and between, from the numbers of the objects."""
    decided = 0
    for index in range(30):
        scene = draw_crowd(LEVELS['L3'], 'train', 12, index, 1)
        for j, other in enumerate(scene.objects if scene else ()):
            facts = facts_of(scene)
            for relation, fits in (
                    ('left of', lambda a, b: a.cx < b.cx),
                    ('right of', lambda a, b: a.cx > b.cx),
                    ('above', lambda a, b: a.cy < b.cy),
                    ('below', lambda a, b: a.cy > b.cy)):
                found = facts.related(relation)[j]
                if not found.undecided:
                    decided += 1
                    assert members_of(found.true) == [
                        i for i, item in enumerate(scene.objects)
                        if i != j and fits(item, other)]
            smaller = facts.before('largest')[j]
            if not smaller.undecided:
                assert members_of(smaller.true) == [
                    i for i, item in enumerate(scene.objects)
                    if item.radius < other.radius]
            nearest = pick(facts.everything & ~(1 << j), facts.closer(j), 1) if (
                len(scene.objects) > 2 and not any(
                    row.undecided for row in facts.closer(j))) else 0
            if nearest:
                distances = {i: (item.cx - other.cx)**2 + (item.cy - other.cy)**2
                             for i, item in enumerate(scene.objects) if i != j}
                assert nearest == 1 << min(distances, key=distances.get)
    assert decided > 150


THREE = [('circle', 'red', 'medium', 10, 20, 50),
         ('square', 'blue', 'medium', 10, 50, 52),
         ('circle', 'green', 'medium', 10, 80, 50)]
BLUE, GREEN = (Objects('object', (('colour', name),)) for name in ('blue', 'green'))


@pytest.mark.parametrize('y, x, expected', [
    (52, 50, {1}), (66, 50, None), (82, 50, set()), (52, 26, None)])
def test_between_needs_the_middle_of_the_way(y, x, expected):
    scene = make_scene(THREE[0], (*THREE[1][:4], x, y), THREE[2])
    found = try_denote(The(Between(Objects('square'), (The(RED), The(GREEN)))), scene)
    assert found == (None if expected is None else frozenset(expected))
    assert try_denote(The(Between(Objects('square'), (Count(CIRCLES, 2),))),
                      scene) == found


RING = ('ring', 'blue', 'large', 20, 50, 50)
DEPTH_CASES = [
    (('circle', 'red', 'small', 5, 50, 50), 'inside', True),    # in the hole
    (('circle', 'red', 'small', 5, 66, 50), 'inside', None),    # across the band
    (('circle', 'red', 'small', 5, 90, 50), 'inside', False),
    (('circle', 'red', 'medium', 10, 66, 50), 'in front of', True),
    (('circle', 'red', 'medium', 10, 66, 50), 'behind', False),
    (('circle', 'red', 'medium', 10, 66, 50), 'overlapping', True),
    (('circle', 'red', 'medium', 10, 81.3, 50), 'in front of', None),
    (('circle', 'red', 'medium', 10, 85, 50), 'in front of', False),
    (('circle', 'red', 'small', 5, 50, 50), 'overlapping', False)]


@pytest.mark.parametrize('item, relation, expected', DEPTH_CASES)
def test_depth_relations_follow_the_table(item, relation, expected):
    scene = make_scene(RING, item)
    assert truth(scene, 1, relation, 0) is expected


def test_compound_forms_denote_what_they_say(four):
    star = The(Objects('star'))
    cases = [
        (The(Compared(CIRCLES, 'smaller', The(Objects('circle', (RED.filters))))), {1}),
        (The(Compared(Objects(), 'smaller', The(Objects('square')))), None),
        (The(Nearest(CIRCLES, The(Objects('square')))), None),
        (The(Alike(CIRCLES, 'colour', True, The(Objects('square')))), {0}),
        (The(Alike(CIRCLES, 'colour', False, The(Objects('square')))), {1}),
        (All(Alike(Objects(), 'shape', False, star)), {0, 1, 2}),
        (The(Without(CIRCLES, 'colour', 'red')), {1}),
        (All(Except(Objects(), star)), {0, 1, 2}),
        (All(Except(CIRCLES, star)), None),
        (All(Except(Objects(), All(CIRCLES))), {2, 3})]
    for form, expected in cases:
        found = try_denote(form, four)
        assert found == (None if expected is None else frozenset(expected)), form
        assert from_json(to_json(form)) == form


def test_idle_parts_are_words_and_conditions_that_remove_nothing(four):
    square = The(Objects('square'))
    needed = The(Related(Objects('circle'), 'left of', square))
    assert idle_parts(needed, four) == [Related(Objects(), 'left of', square)]
    idle = The(Related(Objects('circle', RED.filters), 'left of', square))
    assert Objects('circle', RED.filters) in idle_parts(idle, four)
    assert idle_parts(The(Without(CIRCLES, 'colour', 'red')), four) == []
