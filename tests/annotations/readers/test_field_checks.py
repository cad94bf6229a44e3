"""Types of fields, where the value is larger or deeper than any real one."""
import pytest

from segvg.annotations.checks import Place, Report
from segvg.annotations.readers import field_checks


@pytest.mark.parametrize(('value', 'number', 'finite', 'size'), [
    (3, True, True, True), (3.5, True, True, False), (True, False, False, False),
    (float('nan'), True, False, False), (10**400, False, False, False),
    (10**9, True, True, False), (0, True, True, False), ('3', False, False, False)])
def test_numbers_that_no_float_can_hold_are_none(value, number, finite, size):
    assert field_checks.is_number(value) is number
    assert field_checks.is_finite(value) is finite
    assert field_checks.is_size(value) is size


def test_list_of_tests_each_item():
    assert field_checks.list_of(field_checks.is_int)([1, 2])
    assert field_checks.list_of(field_checks.is_int)([])
    assert not field_checks.list_of(field_checks.is_int)([1, '2'])
    assert not field_checks.list_of(field_checks.is_int)(1)


def test_value_of_any_depth_is_shown_in_short():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    _, errors = field_checks.read_fields({'a': deep}, {'a': field_checks.is_text}, {}, Report(),
                                   Place('f'))
    assert errors == [('bad_type', 'a: [[[[[[[...]]]]]]]')]
