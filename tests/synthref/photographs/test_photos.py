import json

import pytest

from tests.synthref.photographs.instances import photos_of, write_instances

CAT, DOG = ('cat', 50, 50, 200, 200), ('dog', 300, 100, 500, 300)


def test_objects_are_grouped_by_noun(tmp_path):
    path = write_instances(tmp_path / 'a.json', [
        [CAT, DOG, ('cat', 300, 330, 400, 420)]])
    photo, = photos_of(path)[0]
    assert photo.groups == dict(cat=[0, 2], dog=[1]) and not photo.unsure
    assert [item.bbox for item in photo.objects][1] == (300, 100, 500, 300)


def test_crowd_makes_its_class_unsure(tmp_path):
    path = write_instances(tmp_path / 'a.json', [
        [CAT, DOG, ('dog', 0, 0, 90, 90, dict(iscrowd=1))]])
    photo, = photos_of(path)[0]
    assert photo.unsure == {'dog'} and len(photo.objects) == 2
    assert not photo.lacks('dog')


def test_object_without_a_usable_box_makes_its_class_unsure(tmp_path):
    path = write_instances(tmp_path / 'a.json', [
        [CAT, ('dog', 0, 0, 90, 90, dict(bbox=[5, 5, 0, 4]))]])
    photo, = photos_of(path)[0]
    assert photo.unsure == {'dog'} and list(photo.groups) == ['cat']


def test_object_of_an_unknown_category_may_be_anything(tmp_path):
    path = write_instances(tmp_path / 'a.json', [
        [CAT, ('cat', 300, 0, 390, 90, dict(category_id=77))]], ['cat', 'dog'])
    photo, = photos_of(path)[0]
    assert photo.unsure == {'cat', 'dog'}


def test_two_boxes_in_one_place_may_be_one_object(tmp_path):
    path = write_instances(tmp_path / 'a.json', [
        [CAT, ('cat', 60, 55, 200, 195), DOG, ('dog', 360, 100, 560, 300)]])
    photo, = photos_of(path)[0]
    assert photo.unsure == {'cat'}


def test_small_and_cut_objects(tmp_path):
    path = write_instances(tmp_path / 'a.json', [[
        ('cat', 10, 10, 60, 60),        # 2,500 of 307,200 pixels
        ('cat', 100, 10, 160, 65),      # 3,300
        ('cat', 580, 100, 640, 155),    # as many, at the border
        ('cat', 540, 300, 640, 400)]])
    photo, = photos_of(path)[0]
    assert [item.is_small for item in photo.objects] == [True, False, True, False]
    assert [item.is_cut for item in photo.objects] == [False, False, True, True]


def test_many_objects_are_seldom_marked_one_by_one(tmp_path):
    path = write_instances(tmp_path / 'a.json', [
        [('bird', 40 * i, 0, 40 * i + 30, 30) for i in range(13)]])
    assert photos_of(path)[0][0].unsure == {'bird'}


def test_supercategory_that_is_a_category_is_a_noun_too(tmp_path):
    path = write_instances(tmp_path / 'a.json', [[CAT, DOG]], [
        dict(name='cat', supercategory='animal'), dict(name='dog', supercategory='pet'),
        dict(name='animal')])
    photo, = photos_of(path)[0]
    assert photo.groups == dict(cat=[0], animal=[0], dog=[1])


def test_what_is_only_known_as_an_animal_may_be_a_cat(tmp_path):
    path = write_instances(tmp_path / 'a.json', [[CAT, ('animal', 300, 0, 400, 90)]], [
        dict(name='cat', supercategory='animal'), dict(name='animal')])
    photo, = photos_of(path)[0]
    assert photo.unsure == {'cat'} and photo.groups['animal'] == [0, 1]


def test_absent_classes(tmp_path):
    path = write_instances(tmp_path / 'a.json', [[CAT, ('car', 300, 0, 400, 90)]],
                           ['cat', 'car', 'zebra', 'truck', 'dog'])
    photo, = photos_of(path, partial=['dog'])[0]
    assert photo.lacks('zebra') and not photo.lacks('cat')
    assert not photo.lacks('truck')   # a car may be one
    assert not photo.lacks('dog')     # not all dogs are marked


def test_fields_of_lvis_say_which_classes_were_looked_for(tmp_path):
    path = write_instances(tmp_path / 'a.json', [[CAT, DOG]], ['cat', 'dog', 'zebra',
                                                               'bird'],
                           dict(neg_category_ids=[3], not_exhaustive_category_ids=[1]))
    photo, = photos_of(path)[0]
    assert photo.lacks('zebra') and not photo.lacks('bird')
    assert photo.unsure == {'cat'}


def test_words_for_categories_can_be_given(tmp_path):
    path = write_instances(tmp_path / 'a.json', [[CAT, DOG, ('7', 300, 0, 400, 90)]])
    photos, words = photos_of(path, spoken=dict(cat='pussy cat', dog=''))
    assert photos[0].groups == {'pussy cat': [0]}
    assert words.unspoken == ['dog', '7'] and len(photos[0].objects) == 3
    with pytest.raises(ValueError, match="'cow' is not a category"):
        photos_of(path, spoken=dict(cow='ox'))


def test_annotation_without_an_id_still_counts(tmp_path):
    path = write_instances(tmp_path / 'a.json', [[CAT, ('cat', 300, 0, 400, 90)]])
    content = json.loads(path.read_text())
    del content['annotations'][1]['id']
    path.write_text(json.dumps(content))
    assert photos_of(path)[0][0].unsure == {'cat'}
