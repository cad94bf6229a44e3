"""One id for one object of an image."""
from segvg.annotations.readers.instance_ids import InstanceIds


def test_objects_are_told_apart_by_id_and_content():
    ids = InstanceIds()
    assert ids.take('a', 7, (1, 2), 'own') == (7, False)
    assert ids.take('a', 7, (1, 2), 'own') == (7, False)
    assert ids.take('a', 7, (3, 4), 'own') == ('7#1', True)
    assert ids.take('a', 7, (3, 4), 'own') == ('7#1', False)
    assert ids.take('b', 7, (3, 4), 'own') == (7, False)


def test_objects_without_an_id_take_their_own_name():
    ids = InstanceIds()
    assert ids.take('a', None, (1, 2), '0') == ('0', False)
    assert ids.take('a', None, (1, 2), '1') == ('0', False)
    assert ids.take('a', None, (3, 4), '2') == ('2', False)
    assert ids.take('a', '2', (5, 6), '3') == ('2#1', True)
