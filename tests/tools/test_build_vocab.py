"""tools/build_vocab.py: words and vectors of a data set."""
import pickle

import numpy as np
import pytest

from segvg.datasets.vocabulary import read_vocabulary
from tests.tools.running import run_tool, tool_error
from tests.toy import make_data

pytestmark = pytest.mark.slow


def test_words_and_vectors_of_annotations(tmp_path, monkeypatch, capsys):
    root = make_data(tmp_path / 'data', images=2)
    (tmp_path / 'glove.txt').write_text('box 1 2 3\n')
    run_tool(monkeypatch, 'build_vocab.py', root / 'toy_train.jsonl',
             root / 'toy_val.jsonl', '--glove', tmp_path / 'glove.txt', '--out',
             tmp_path / 'out/words')
    ids = read_vocabulary(tmp_path / 'out/words.txt')
    assert {'PAD', 'the', 'box', 'left'} <= set(ids)
    with np.load(tmp_path / 'out/words.npz') as archive:
        vectors = archive['word_emb']
    assert vectors.shape == (len(ids), 3)
    assert vectors[ids['box']].tolist() == [1, 2, 3]
    assert f'vocab_size has to be at least {len(ids)}' in capsys.readouterr().out


def test_words_alone(tmp_path, monkeypatch):
    root = make_data(tmp_path / 'data', images=1)
    run_tool(monkeypatch, 'build_vocab.py', root / 'toy_train.jsonl', '--out',
             tmp_path / 'words')
    assert (tmp_path / 'words.txt').is_file()
    assert not (tmp_path / 'words.npz').exists()


def test_published_files(tmp_path, monkeypatch):
    ids = dict(PAD=0, UNK=1, CLS=2, cat=3)
    (tmp_path / 'token_to_ix.pkl').write_bytes(pickle.dumps(ids))
    np.savez(tmp_path / 'word_emb.npz', word_emb=np.ones((4, 2), np.float32))
    run_tool(monkeypatch, 'build_vocab.py', '--published', tmp_path, '--out',
             tmp_path / 'words')
    assert read_vocabulary(tmp_path / 'words.txt') == ids
    np.savez(tmp_path / 'word_emb.npz', word_emb=np.ones((3, 2), np.float32))
    assert '4 words, but 3 vectors' in tool_error(
        monkeypatch, 'build_vocab.py', '--published', tmp_path, '--out',
        tmp_path / 'words')


def test_missing_annotations_are_told(tmp_path, monkeypatch):
    assert 'does not exist' in tool_error(
        monkeypatch, 'build_vocab.py', tmp_path / 'no.jsonl', '--out', tmp_path / 'w')
