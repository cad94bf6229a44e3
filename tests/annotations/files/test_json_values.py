"""JSON is read without repeated keys and without numbers of thousands of digits."""
import json
import math
import time

import pytest

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.files.json_values import load_json, parse_json


@pytest.mark.parametrize('data', [b'', b'\x80', b'\xff\xff', b'ab'])
def test_damaged_files_end_in_the_one_error_type(tmp_path, data):
    path = tmp_path / 'file'
    path.write_bytes(data)
    with pytest.raises(AnnotationFileError, match='file'):
        load_json(path)


def test_size_is_capped_and_a_missing_file_named(tmp_path):
    path = tmp_path / 'file'
    path.write_bytes(b'[1, 2, 3]')
    with pytest.raises(AnnotationFileError, match='9 bytes, more than the limit of 8'):
        load_json(path, size_limit=8)
    with pytest.raises(FileNotFoundError, match='file .*nothing does not exist'):
        load_json(tmp_path / 'nothing')


@pytest.mark.parametrize('digits', [39, 400, 5000])
def test_numbers_of_many_digits_become_infinite(digits):
    text = '9' * digits
    assert parse_json(f'[{text}, -{text}, 7, "{text}"]'.encode()) == [
        math.inf, -math.inf, 7, text]
    assert parse_json(f'[{"9" * 38}]'.encode()) == [int('9' * 38)]


def test_many_equal_keys_take_no_time():
    pairs = ', '.join(f'"{number}": 1' for number in range(100_000))
    start = time.monotonic()
    with pytest.raises(ValueError, match='twice in one object'):
        parse_json(f'{{{pairs}, "99999": 2}}'.encode())
    with pytest.raises(ValueError, match='twice in one object'):
        parse_json(('{' + '"a": 1, ' * 200_000 + '"b": 1}').encode())
    assert time.monotonic() - start < 5


def test_long_key_is_not_told_in_full():
    with pytest.raises(ValueError) as error:
        parse_json(json.dumps({'x' * 9999: 1})[:-1].encode() + b', "'
                   + b'x' * 9999 + b'": 2}')
    assert len(str(error.value)) < 200


def test_json_error_says_where_in_bytes(tmp_path):
    path = tmp_path / 'a.json'
    path.write_bytes('{"é": x}'.encode())
    with pytest.raises(AnnotationFileError) as error:
        load_json(path)
    assert error.value.offset == 7
    path.write_bytes(b'["\xff"]')
    with pytest.raises(AnnotationFileError) as error:
        load_json(path)
    assert error.value.offset == 2


def test_key_that_occurs_twice_is_an_error(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text('[{"a": 1, "b": 2, "a": 3}]')
    with pytest.raises(AnnotationFileError, match="the key 'a' occurs twice"):
        load_json(path)


def test_numbers_that_are_none_are_left_to_the_checks(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text('[NaN, Infinity]')
    first, second = load_json(path)
    assert first != first and second == float('inf')


def test_nested_too_deeply_is_an_error(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text('[' * 200_000)
    with pytest.raises(AnnotationFileError, match='RecursionError'):
        load_json(path)
    with pytest.raises(ValueError):
        parse_json(b'{')
