"""Sentences are those that are known by hand, and mean what their words say."""
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segvg.synthref.photographs.kinds import PhotoSentences, choose, draw
from tests.synthref.photographs.instances import (
    HEIGHT,
    WIDTH,
    meaning,
    photos_of,
    sentences_of,
    write_instances,
)

PLURALS = dict(cats='cat', people='person')


def of(tmp_path, *objects, **options):
    return sentences_of(write_instances(tmp_path / 'a.json', [objects]), **options)


def test_what_is_alone_is_asked_for(tmp_path):
    found = of(tmp_path, ('cat', 50, 50, 200, 200), ('dog', 300, 100, 500, 300))
    assert found.pop('the cat') == (0,) and found.pop('the dog') == (1,)
    assert set(found) == {'the cat and the dog', 'the dog and the cat'}
    assert set(found.values()) == {(0, 1)}


def test_two_that_differ_in_place_and_size(tmp_path):
    found = of(tmp_path, ('cat', 400, 250, 600, 450), ('cat', 50, 50, 150, 150))
    assert found == {
        'the two cats': (0, 1), 'both cats': (0, 1),
        'the left cat': (1,), 'the cat on the left': (1,),
        'the right cat': (0,), 'the cat on the right': (0,),
        'the upper cat': (1,), 'the top cat': (1,), 'the cat at the top': (1,),
        'the lower cat': (0,), 'the bottom cat': (0,), 'the cat at the bottom': (0,),
        'the bigger cat': (0,), 'the larger cat': (0,), 'the smaller cat': (1,)}


def test_three_in_a_row(tmp_path):
    found = of(tmp_path, ('person', 500, 200, 600, 300), ('person', 40, 200, 140, 300),
               ('person', 270, 200, 370, 300))
    assert found == {
        'the leftmost person': (1,), 'the person on the left': (1,),
        'the rightmost person': (0,), 'the person on the right': (0,),
        'the person in the middle': (2,), 'the middle person': (2,),
        'the second person from the left': (2,),
        'the person that is second from the left': (2,),
        'the second person from the right': (2,),
        'the person that is second from the right': (2,)}


def test_only_rows_are_counted(tmp_path):
    found = of(tmp_path, ('person', 500, 300, 600, 400), ('person', 40, 20, 140, 120),
               ('person', 270, 200, 370, 300))
    assert 'the leftmost person' in found
    assert not any('second' in text or 'middle' in text for text in found)


def test_near_ties_are_not_asked(tmp_path):
    found = of(tmp_path, ('cat', 100, 100, 200, 200), ('cat', 130, 230, 230, 330))
    assert not any(word in text for text in found for word in ('left', 'right'))
    assert 'the upper cat' in found
    # 21 % more on each side is just enough, 19 % is not
    for side, is_asked in ((121, True), (119, False)):
        found = of(tmp_path, ('cat', 50, 50, 150, 150),
                   ('cat', 400, 250, 400 + side, 250 + side))
        assert ('the bigger cat' in found) == is_asked


def test_boxes_behind_each_other_are_not_left_and_right(tmp_path):
    found = of(tmp_path, ('cat', 50, 100, 350, 300), ('cat', 120, 150, 450, 400))
    assert not any('left' in text for text in found)


def test_both_in_one_half_are_not_at_its_side(tmp_path):
    found = of(tmp_path, ('cat', 20, 100, 120, 200), ('cat', 160, 100, 260, 200))
    assert 'the left cat' in found and 'the cat on the left' not in found


def test_small_objects_count_but_are_not_asked_for(tmp_path):
    cat, dot = ('cat', 250, 200, 350, 300), ('cat', 10, 10, 20, 20)
    assert of(tmp_path, dot) == {}
    assert of(tmp_path, cat, dot) == {}      # neither the cat nor the left of two
    third = ('cat', 450, 200, 550, 300)
    found = of(tmp_path, cat, third, dot)
    assert found['the rightmost cat'] == (1,)
    assert not any('left' in text or 'small' in text for text in found)
    assert 'the two cats' not in found
    assert of(tmp_path, cat, dot, min_area=0.0)['the left cat'] == (1,)


def test_crowds_and_partial_classes_are_not_spoken_of(tmp_path):
    crowd = ('cat', 400, 0, 500, 90, dict(iscrowd=1))
    assert of(tmp_path, ('cat', 50, 50, 200, 200), crowd) == {}
    assert of(tmp_path, ('cat', 50, 50, 200, 200), partial=['cat']) == {}


def test_sizes_of_cut_or_hidden_objects_are_not_compared(tmp_path):
    big, small = ('cat', 300, 100, 500, 300), ('cat', 60, 100, 180, 220)
    assert {'the bigger cat', 'the smaller cat'} < set(of(tmp_path, big, small))
    cut = ('cat', 0, 100, 120, 220)
    found = of(tmp_path, big, cut)
    assert 'the bigger cat' in found and 'the smaller cat' not in found
    slightly = ('cat', 0, 100, 160, 260)      # less than half of what is bigger
    assert 'the bigger cat' not in of(tmp_path, big, slightly)
    front = ('dog', 60, 160, 180, 300)
    assert 'the smaller cat' not in of(tmp_path, big, small, front)


def test_a_bigger_mask_in_a_smaller_box_is_not_bigger(tmp_path):
    found = of(tmp_path, ('cat', 300, 100, 500, 300, dict(area=9000)),
               ('cat', 60, 100, 200, 240))
    assert not any('er cat' in text and 'pp' not in text and 'low' not in text
                   for text in found)


def test_pairs_and_uncounted_nouns(tmp_path):
    found = of(tmp_path, ('scissors', 400, 250, 600, 450),
               ('scissors', 50, 50, 150, 150))
    assert found['the two pairs of scissors'] == (0, 1)
    assert found['the left pair of scissors'] == (1,)
    assert of(tmp_path, ('pizza', 400, 250, 600, 450),
              ('pizza', 50, 50, 150, 150)) == {}
    assert of(tmp_path, ('pizza', 400, 250, 600, 450)) == {'the pizza': (0,)}
    assert of(tmp_path, ('book', 400, 250, 600, 450)) == {}    # it may be a row of them


boxes = st.tuples(
    st.sampled_from(['cat', 'person']), st.integers(0, 560), st.integers(0, 400),
    st.integers(8, 300), st.integers(8, 300)).map(lambda item: (
        item[0], item[1], item[2], min(item[1] + item[3], WIDTH),
        min(item[2] + item[4], HEIGHT)))


@pytest.mark.slow
@settings(max_examples=150, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(objects=st.lists(boxes, min_size=1, max_size=7), min_area=st.sampled_from(
    [0.0, 0.01, 0.05]))
def test_sentences_mean_their_targets_with_and_without_small_objects(
        tmp_path, objects, min_area):
    path = write_instances(tmp_path / 'p.json', [objects], ['cat', 'person'])
    (photo,), vocabulary = photos_of(path, min_area=min_area)
    clear = [index for index, item in enumerate(photo.objects) if not item.is_small]
    named = [(item[0], item[1:]) for item in objects]
    for seed in (0, 1):
        for item in PhotoSentences(photo, vocabulary.nouns, seed).find():
            assert item.targets == meaning(item.text, named, PLURALS)
            among_clear = meaning(item.text, [named[i] for i in clear], PLURALS)
            assert item.targets == tuple(clear[index] for index in among_clear)


def test_choice_takes_all_kinds_in_turn(tmp_path):
    path = write_instances(tmp_path / 'a.json', [[
        ('person', 500, 200, 600, 300), ('person', 40, 200, 140, 300),
        ('person', 270, 200, 370, 300), ('cat', 40, 350, 140, 450)]])
    photos, vocabulary = photos_of(path)
    found = list(PhotoSentences(photos[0], vocabulary.nouns, 0).find())
    assert len(found) == 6     # cat, two sides, two ordinals, middle
    kinds = [item.kind for item in choose(found, 4, 0, 'x')]
    assert sorted(kinds) == ['middle', 'only', 'ordinal', 'side']
    assert choose(found, 9, 0, 'x')[:4] == choose(found, 4, 0, 'x')


def test_draws_depend_on_their_parts_alone():
    assert draw(0, 'a') == draw(0, 'a') != draw(1, 'a')
    assert 0 <= draw() < 1
