"""Types of fields, where the value is larger than any real one."""
import pytest

from segvg.annotations.readers import field_checks
from segvg.annotations.readers.field_checks import (
    as_said,
    is_box,
    is_id,
    is_int,
    is_number,
    list_of,
)


@pytest.mark.parametrize(('value', 'number', 'finite', 'size'), [
    (3, True, True, True), (3.5, True, True, False), (True, False, False, False),
    (float('nan'), True, False, False), (10**400, False, False, False),
    (10**9, True, True, False), (0, True, True, False), ('3', False, False, False)])
def test_numbers_that_no_float_can_hold_are_none(value, number, finite, size):
    assert field_checks.is_number(value) is number
    assert field_checks.is_finite(value) is finite
    assert field_checks.is_size(value) is size


def test_list_of_and_or_none_make_tests_of_tests():
    are_ints = field_checks.list_of(field_checks.is_int)
    assert are_ints([1, 2]) and are_ints([])
    assert not are_ints([1, '2']) and not are_ints(1)
    int_or_none = field_checks.or_none(field_checks.is_int)
    assert int_or_none(None) and int_or_none(1) and not int_or_none('1')


@pytest.mark.parametrize(('value', 'test', 'said'), [
    ('7', is_int, 7), (7.0, is_int, 7), ('7.0', is_int, 7), ('-7', is_int, -7),
    ('7', is_id, '7'), (7.5, is_int, 7.5), ('7.5', is_number, 7.5),
    ('seven', is_int, 'seven'), ('', is_int, ''), (True, is_int, True),
    (1e300, is_int, 1e300), ('9' * 40, is_int, '9' * 40),
    (['1', 2, '3.5', 4.0], is_box, [1, 2, 3.5, 4]), ([1.5, 2, 3, 4.0], is_box, [
        1.5, 2, 3, 4.0]), (['1', 2.0], list_of(is_int), [1, 2]), (None, is_int, None)])
def test_numbers_are_what_a_value_says(value, test, said):
    found = as_said(value, test)
    assert found == said and type(found) is type(said)
