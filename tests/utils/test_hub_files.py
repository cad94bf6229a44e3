"""Files of published models: where they are looked for, and JSON that is refused."""
import pytest

from segvg.utils import hub_files
from segvg.utils.hub_files import find_model_file, is_hub_name, read_model_json


def test_first_file_that_a_folder_has(tmp_path):
    (tmp_path / 'b').write_text('')
    assert find_model_file(str(tmp_path), ['a', 'b'], 'it', 'Copy it') == tmp_path / 'b'
    with pytest.raises(FileNotFoundError, match=r'it: .* has no usable model \(neither '
                       r'c nor d\)\. Copy it'):
        find_model_file(str(tmp_path), ['c', 'd'], 'it', 'Copy it')


@pytest.mark.parametrize('name, is_name', [
    ('bert-base-uncased', True), ('BAAI/bge-small-en-v1.5', True),
    ('Qwen/Qwen2.5-VL-3B', True), ('data/vocab.txt', False), ('beit3.spm', False),
    ('/models/bert', False), ('./bert', False), ('data/models/bert', False)])
def test_names_of_models_are_told_from_paths(name, is_name):
    assert is_hub_name(name) is is_name


def test_name_that_the_hub_does_not_give():
    with pytest.raises(FileNotFoundError, match="it: 'no-such-net' is neither a folder "
                       'nor a model on the hub .*Copy it'):
        find_model_file('no-such-net', ['a'], 'it', 'Copy it')


@pytest.mark.parametrize(('text', 'message'), [
    ('{"a": ', 'cannot be read as JSON'), ('[' * 100_000, 'cannot be read as JSON'),
    ('[1]', 'should be a JSON object, not a list')])
def test_json_that_is_none(text, message, tmp_path):
    path = tmp_path / 'config.json'
    path.write_text(text)
    with pytest.raises(ValueError, match=f'config.json {message}'):
        read_model_json(path)


def test_json_that_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(hub_files, 'LARGEST_JSON', 5)
    path = tmp_path / 'config.json'
    path.write_text('{"a": 1}')
    with pytest.raises(ValueError, match='has 8 bytes; .* at most 5'):
        read_model_json(path)
