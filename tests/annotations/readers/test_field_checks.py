"""Types of fields, where the value is larger than any real one."""
import pytest

from segvg.annotations.readers import field_checks


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
