"""From the command line to the page."""
import pytest

from segvg.demo.start import make_browser, make_model, pick_examples
from segvg.utils.errors import InputError
from tests.demo.made import make_photograph
from tests.toy import ROOT, make_data


@pytest.mark.slow
def test_a_model_needs_weights():
    with pytest.raises(ValueError, match='weights are missing'):
        make_model(str(ROOT / 'configs/segvg/segvg_tiny_synthref_l0.py'), None, 'cpu')
    with pytest.raises(InputError, match='no-such-model'):
        make_model('no-such-model', None, 'cpu')


def test_examples_are_photographs_of_a_folder(tmp_path):
    (tmp_path / 'notes.txt').write_text('x')
    (tmp_path / 'broken.png').write_text('x')
    with pytest.raises(InputError, match='has no photograph'):
        pick_examples(str(tmp_path), None)
    path = make_photograph(tmp_path)
    assert pick_examples(str(tmp_path), None) == [(str(path), '')]
    assert pick_examples(None, None) == []


def test_examples_of_data_come_with_sentences(tmp_path):
    data = make_data(tmp_path / 'data')
    browser = make_browser(str(data / 'toy_val.jsonl'), str(data / 'images'), None,
                           None)
    examples = pick_examples(None, browser)
    assert len(examples) == 4
    assert examples[0][0] == str(data / 'images' / 'val_0.png')
    assert examples[0][1].splitlines()[-1] == 'left box'
    with pytest.raises(FileNotFoundError, match='none.jsonl does not exist'):
        make_browser(str(tmp_path / 'none.jsonl'), '', None, None)
    assert make_browser(None, '', None, None) is None
