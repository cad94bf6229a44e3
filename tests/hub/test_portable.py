"""Vocabularies are copied beside a config, which names the copies."""
import pytest
from mmengine.config import Config

from segvg.hub.portable import take_tokenizers
from segvg.utils.errors import InputError


def test_files_folders_and_names_of_vocabularies(tmp_path):
    (tmp_path / 'bert').mkdir()
    for name in ('vocab.json', 'merges.txt', 'model.safetensors'):
        (tmp_path / 'bert' / name).write_text(name)
    (tmp_path / 'words.txt').write_text('a\n')
    cfg = Config(dict(pipeline=[dict(vocab=vocab) for vocab in (
        str(tmp_path / 'bert'), str(tmp_path / 'words.txt'), 'synthref',
        'bert-base-uncased', str(tmp_path / 'words.txt'))]))
    take_tokenizers(cfg, tmp_path / 'out')
    place = '{{fileDirname}}/tokenizer'
    assert [part['vocab'] for part in cfg.pipeline] == [
        place, f'{place}/words.txt', 'synthref', 'bert-base-uncased',
        f'{place}/words.txt']
    assert sorted(path.name for path in (tmp_path / 'out/tokenizer').iterdir()) == [
        'merges.txt', 'vocab.json', 'words.txt']


def test_missing_vocabulary_and_two_of_one_name_are_told(tmp_path):
    with pytest.raises(InputError, match='vocabulary /none/vocab.txt does not exist'):
        take_tokenizers(Config(dict(a=dict(vocab='/none/vocab.txt'))), tmp_path)
    for name in 'ab':
        (tmp_path / name).mkdir()
        (tmp_path / name / 'words.txt').write_text(name)
    with pytest.raises(InputError, match='two vocabularies have a file words.txt'):
        take_tokenizers(Config(dict(parts=[
            dict(vocab=str(tmp_path / name / 'words.txt')) for name in 'ab'])),
            tmp_path / 'out')
