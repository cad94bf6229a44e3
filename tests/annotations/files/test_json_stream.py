"""Long JSON lists are read item by item, whatever the window cuts apart."""
import json

import pytest

from segvg.annotations.files import json_stream
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.files.json_stream import iter_json_list

ITEMS = [1, 23456, -1.5e30, 'caf\xe9 \u3042 "[,]"', None, True, [], {},
         [[1, 2], {'a': []}], {'a': {'b': 'c' * 50}}, 1e-9, float('inf')]


@pytest.mark.parametrize('chunk', [1, 2, 3, 7, 1 << 20])
@pytest.mark.parametrize('indent', [None, 1])
@pytest.mark.parametrize('ascii_only', [True, False])
def test_items_are_those_of_the_whole_list(tmp_path, monkeypatch, chunk, indent,
                                           ascii_only):
    monkeypatch.setattr(json_stream, 'CHUNK', chunk)
    path = tmp_path / 'a.json'
    for items in (ITEMS, [], [12]):
        path.write_text(json.dumps(items, indent=indent, ensure_ascii=ascii_only),
                        encoding='utf-8-sig')
        assert list(iter_json_list(path)) == items


@pytest.mark.parametrize(('text', 'message'), [
    ('', 'byte 0: expected a list'), ('{}', 'byte 0: expected a list'),
    (' 5', 'byte 1: expected a list'), ('[1, 2', 'byte 5: cut short'),
    ('[1 2]', 'byte 3: cut short'), ('[1,]', 'byte 3: cut short'),
    ('[{"a": }]', 'byte 7: cut short'), ('[1] 2', 'byte 4: something follows'),
    ('["caf\xe9', 'byte 1: cut short'), ('[{"a": 1, "a": 2}]', 'twice in one object'),
    (b'["\xff"]', 'cannot be read'), ('[' * 9999, 'cannot be read|cut short')])
def test_broken_file_is_an_error_that_says_where(tmp_path, text, message):
    path = tmp_path / 'a.json'
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(AnnotationFileError, match=f'a.json.*({message})'):
        list(iter_json_list(path))


def test_item_must_not_be_endless(tmp_path, monkeypatch):
    monkeypatch.setattr(json_stream, 'CHUNK', 4)
    monkeypatch.setattr(json_stream, 'ITEM_LIMIT', 50)
    path = tmp_path / 'a.json'
    path.write_text('[1, "' + 'x' * 999 + '"]')
    with pytest.raises(AnnotationFileError, match='Unterminated string'):
        list(iter_json_list(path))


def test_file_must_be_there(tmp_path):
    with pytest.raises(FileNotFoundError, match='file .* does not exist'):
        list(iter_json_list(tmp_path / 'a.json'))
