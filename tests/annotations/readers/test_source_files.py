"""Files of sources: which ones a source has, and the shape of what they hold."""
import pytest

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers.source_files import find_files, load_as
from tests.annotations.readers.sources import write_json


def test_find_files_takes_a_file_or_those_of_a_folder(tmp_path):
    for name in ('b.json', 'a.json', 'c.jsonl', 'below/d.json'):
        write_json(tmp_path / name, [])
    found = find_files(tmp_path, '*.jsonl', '*.json')
    assert [path.name for path in found] == ['c.jsonl', 'a.json', 'b.json']
    assert len(find_files(tmp_path, '**/*.json')) == 3
    assert find_files(tmp_path / 'c.jsonl', '*.json') == [tmp_path / 'c.jsonl']
    with pytest.raises(FileNotFoundError, match='nothing does not exist'):
        find_files(tmp_path / 'nothing', '*')


def test_load_as_says_what_was_expected(tmp_path):
    path = write_json(tmp_path / 'a.json', {'a': 1})
    assert load_as(dict, path) == {'a': 1}
    with pytest.raises(AnnotationFileError, match='expected a list of refs, got dict'):
        load_as(list, path, 'refs')
