"""Vocabularies are copied into the folder of a config, which refers to the copies."""
import pytest
from mmengine.config import Config

from segvg.datasets.sentencepiece import MODEL_FILES
from segvg.hub.portable import TOKENIZER_FILES, take_tokenizers, use_tokenizer
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
    location = '{{fileDirname}}/tokenizer'
    assert [part['vocab'] for part in cfg.pipeline] == [
        location, f'{location}/words.txt', 'synthref', 'bert-base-uncased',
        f'{location}/words.txt']
    assert sorted(path.name for path in (tmp_path / 'out/tokenizer').iterdir()) == [
        'merges.txt', 'vocab.json', 'words.txt']


def test_missing_vocabulary_and_two_of_one_name_are_errors(tmp_path):
    with pytest.raises(InputError, match='vocabulary /none/vocab.txt does not exist'):
        take_tokenizers(Config(dict(a=dict(vocab='/none/vocab.txt'))), tmp_path)
    for name in 'ab':
        (tmp_path / name).mkdir()
        (tmp_path / name / 'words.txt').write_text(name)
    with pytest.raises(InputError, match='two vocabularies have a file words.txt'):
        take_tokenizers(Config(dict(parts=[
            dict(vocab=str(tmp_path / name / 'words.txt')) for name in 'ab'])),
            tmp_path / 'out')


def test_folder_with_a_sentencepiece_model_is_copied_and_an_empty_one_is_an_error(
        tmp_path):
    assert set(MODEL_FILES) <= set(TOKENIZER_FILES)
    (tmp_path / 'empty').mkdir()
    with pytest.raises(InputError, match='empty has none of vocab.txt, .*beit3.spm'):
        take_tokenizers(Config(dict(a=dict(vocab=str(tmp_path / 'empty')))),
                        tmp_path / 'out')


def test_unfinished_downloads_are_not_files_of_a_tokenizer(tmp_path):
    (tmp_path / 'tokenizer/.hub').mkdir(parents=True)
    for name in ('words.txt', '.words.txt.download', '.words.txt.download.tag'):
        (tmp_path / 'tokenizer' / name).write_text('a')
    cfg = Config(dict(a=dict(vocab='bert-base-uncased')))
    use_tokenizer(cfg, tmp_path)
    assert cfg.a.vocab == '{{fileDirname}}/tokenizer/words.txt'
