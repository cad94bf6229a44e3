"""Values and texts of unknown origin, bounded and harmless to show."""
import pytest

from segvg.utils.plain_values import PickleRefusedError, check_paths, printable


def test_control_characters_are_written_out():
    assert printable('a caf\xe9\xa0\u3042') == 'a caf\xe9\xa0\u3042'
    assert printable('a\x1b[31m\r\n\u202eb') == r'a\x1b[31m\r\n\u202eb'
    assert printable('a\n\x07', keep='\n') == 'a\n\\x07'


def test_parts_are_counted_along_every_path():
    part = ['abc'] * 10  # ten values of three characters
    check_paths([part, part], 2 + 2 * 40)
    with pytest.raises(PickleRefusedError, match='repeats its parts'):
        check_paths([part, part], 2 + 2 * 40 - 1)
    check_paths({'ab': {1, 2}, 'c': (b'd', )}, 4 + 3 + 2 + 1 + 1)
