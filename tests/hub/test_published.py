"""A published model is fetched, checked, converted and stored with its config."""
import pytest
import torch

from segvg.checkpoints.io import load_checkpoint, state_dict_of
from segvg.checkpoints.rules import RULES
from segvg.checkpoints.stored_config import stored_config
from segvg.hub import resolve
from segvg.hub.published import POSITIONS, WORDS, install, model_home, published_config
from segvg.utils.configs import find_dicts, load
from segvg.utils.errors import InputError


def test_model_is_fetched_converted_and_kept(published, server, small_model, tmp_path):
    path = resolve('small')
    folder = tmp_path / 'home/models/small'
    assert path == folder / 'small.safetensors'
    assert sorted(part.name for part in folder.rglob('*')) == [
        'small.py', 'small.safetensors', 'tokenizer', 'words.txt']
    found = load_checkpoint(path)
    assert found['meta']['license'] == 'MIT'
    assert found['meta']['source'] == published.weights
    assert all(torch.equal(value, small_model[1][name])
               for name, value in state_dict_of(found).items())
    count = len(server.log)
    assert resolve('small') == path and len(server.log) == count


def test_config_names_the_files_beside_it(published, tmp_path):
    path = resolve('small')
    moved = tmp_path / 'moved'
    path.parent.rename(moved)
    for cfg in (stored_config(load_checkpoint(moved / path.name), moved / path.name),
                load(moved / 'small.py')):
        assert {part['vocab'] for part in find_dicts(cfg.test_dataloader, 'vocab')} == {
            str(moved / 'tokenizer/words.txt')}
        assert cfg.model.language_encoder.type == 'LanguageTransformer'


def test_text_length_is_that_of_the_weights(published, server, small_model):
    cfg, state = small_model
    longer = dict(state, **{POSITIONS: torch.zeros(len(state[POSITIONS]) + 5, 32)})
    assert published_config(published, state).max_tokens == cfg.max_tokens
    assert published_config(published, longer).max_tokens == cfg.max_tokens + 5
    with pytest.raises(InputError, match='file of small has no fusion.position.weight'):
        published_config(published, dict(a=torch.ones(1)))


def test_size_of_the_vocabulary_is_that_of_the_weights(published):
    model = published._replace(rule='seqtr', config='seqtr/seqtr_det_refcoco.py')
    cfg = published_config(model, {WORDS: torch.zeros(7, 2)})
    assert cfg.model.language_encoder.vocab_size == 7


def test_vocabulary_to_be_built_is_expected_beside_the_config(published):
    path = install(published._replace(tokenizer=(), words='https://example.com/words'))
    cfg = stored_config(load_checkpoint(path), path)
    assert {part['vocab'] for part in find_dicts(cfg.test_dataloader, 'vocab')} == {
        str(path.parent / 'tokenizer/synthref')}


def test_published_file_is_kept_on_request_or_if_it_was_there(published, tmp_path):
    path = install(published, tmp_path / 'a', keep_source=True)
    source = path.parent / 'source/small.pth'
    assert source.stat().st_size == published.size
    given = tmp_path / 'b/small/source/small.pth'
    given.parent.mkdir(parents=True)
    source.rename(given)
    offline = published._replace(weights='https://pan.baidu.com/s/1?pwd=a')
    assert install(offline, tmp_path / 'b').is_file() and given.is_file()


def test_interrupted_download_is_resumed(published, server, tmp_path):
    server.cut = 5000
    with pytest.raises(InputError, match='ended after 5000 of'):
        resolve('small')
    server.cut = None
    assert resolve('small').is_file()
    assert ('GET', '/small.pth', 'bytes=5000-') in server.log


def test_one_error_lists_all_missing_files(published, server):
    server.files.clear()
    with pytest.raises(InputError) as error:
        resolve('small')
    message = str(error.value)
    for address, path in (('words.txt', 'tokenizer/words.txt'),
                           ('small.pth', 'source/small.pth')):
        assert f'{server.address}/{address} was not fetched (the server' in message
        assert f'save the file as {model_home()}/small/{path}' in message
    assert '\n' not in message


def test_file_of_another_model_is_refused(published, monkeypatch):
    monkeypatch.setitem(RULES, 'transvg', [(r'others\.(.+)', r'\1')])
    with pytest.raises(InputError, match='small.pth: .* keys are not known to be of a '
                       'published transvg checkpoint'):
        resolve('small')
    assert not (model_home() / 'small/small.safetensors').exists()


def test_code_in_a_published_file_is_not_run(published, server, tmp_path, monkeypatch):
    from tests.checkpoints.test_io import Bomb
    monkeypatch.chdir(tmp_path)
    torch.save(dict(model=Bomb()), tmp_path / 'bad.pth')
    server.files['/small.pth'] = (tmp_path / 'bad.pth').read_bytes()
    bad = published._replace(size=None)
    with pytest.raises(InputError, match='small.pth cannot be read as a checkpoint'):
        install(bad)
    assert not (tmp_path / 'boom.txt').exists()


def test_error_on_an_unknown_name_suggests_similar_names(published):
    with pytest.raises(InputError, match="'smal' is not the name of a published model; "
                       'did you mean small'):
        resolve('smal')
    with pytest.raises(InputError, match='someone/model is neither a published model'):
        resolve('someone/model')  # without network
