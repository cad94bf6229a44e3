"""The browsing tool draws samples as they leave the pipeline."""
import json
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from tests.tools.running import run_tool

VOCAB = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'red', 'square']

CONFIG = """
train_dataloader = dict(dataset=dict(
    type='GroundingDataset', data_root={root!r}, ann_file='toy_train.jsonl',
    data_prefix=dict(img='images'), sample_by='image',
    pipeline=[
        dict(type='LoadImageFromFile'), dict(type='LoadGroundingAnnotations'),
        dict(type='Resize', long=64), dict(type='RandomFlip', prob=0.5),
        dict(type='PlaceOnCanvas', size=80), dict(type='FillBoxMask', stride=8),
        dict(type='TokenizeExpression', max_length=8,
             tokenizer=dict(type='WordPieceTokenizer', vocab={root!r})),
        dict(type='PackGroundingInputs')]))
"""


@pytest.fixture
def config(tmp_path):
    (tmp_path / 'images').mkdir()
    (tmp_path / 'vocab.txt').write_text('\n'.join(VOCAB))
    lines = []
    for number in range(3):
        pixels = np.full((48, 64, 3), 90, dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / 'images' / f'{number}.png')
        lines.append(json.dumps(dict(
            image=dict(id=f'synth:{number}', file=f'{number}.png', width=64, height=48),
            split='train',
            instances=[dict(id=1, bbox=[5, 5, 25, 25], category_id=1, iscrowd=0)],
            exprs=[dict(id=i, ref_id=1, text=text, targets=[0], src=[0, 0])
                   for i, text in enumerate(('red square', 'left square'))])))
    (tmp_path / 'toy_train.jsonl').write_text('\n'.join(lines) + '\n')
    path = tmp_path / 'toy.py'
    path.write_text(CONFIG.format(root=str(tmp_path)))
    return path


class Done(NamedTuple):
    returncode: int
    stderr: str


@pytest.fixture
def browse(monkeypatch, capsys):
    """Runs the tool in this process."""
    def run(*arguments):
        code = 0
        try:
            run_tool(monkeypatch, 'browse_dataset.py', *arguments)
        except SystemExit as stop:
            code = stop.code or 0
        said = capsys.readouterr().err
        return Done(1, said + code) if isinstance(code, str) else Done(code, said)
    return run


def test_pictures_of_all_expressions_are_written(browse, config, tmp_path):
    out_dir = tmp_path / 'pictures'
    done = browse(config, '--out-dir', out_dir, '--number', 2, '--not-show')
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out_dir.iterdir()) == [
        '000000_0_0.jpg', '000000_1_0.jpg', '000001_0_1.jpg', '000001_1_1.jpg']


def test_pictures_must_go_somewhere(browse, config):
    done = browse(config, '--not-show')
    assert done.returncode == 2 and 'the pictures would go nowhere' in done.stderr


def test_canonical_file_is_drawn_without_a_config(browse, config, tmp_path):
    out_dir = tmp_path / 'pictures'
    done = browse(tmp_path / 'toy_train.jsonl', '--images', tmp_path / 'images',
                  '--output-dir', out_dir, '--number', 1, '--not-show')
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out_dir.iterdir()) == ['000000_0_0.jpg',
                                                               '000000_1_0.jpg']
    done = browse(tmp_path / 'no.jsonl', '--out-dir', out_dir, '--not-show')
    assert done.returncode == 1 and 'does not exist' in done.stderr


@pytest.mark.parametrize('is_config', [True, False])
def test_page_has_all_pictures_and_opens_no_window(browse, config, tmp_path, is_config):
    page = tmp_path / 'page.html'
    source = [config] if is_config else [tmp_path / 'toy_train.jsonl', '--images',
                                         tmp_path / 'images']
    (tmp_path / 'images' / '1.png').write_bytes(b'')
    done = browse(*source, '--page', page, '--number', 3)
    assert done.returncode == 1 and '1 images could not be drawn' in done.stderr
    text = page.read_text()
    assert text.count('src="data:image/jpeg') == 4 and 'red square' in text
    assert '4 expressions; 1 images could not be drawn' in text
    assert ('as they leave the pipeline of train' in text) == is_config
    assert 'page.html exists already' in browse(*source, '--page', page).stderr


def test_broken_image_is_left_out_and_the_rest_drawn(browse, config, tmp_path):
    (tmp_path / 'images' / '1.png').write_bytes(b'')
    for number, arguments in enumerate((
            [config], [tmp_path / 'toy_train.jsonl', '--images', tmp_path / 'images'])):
        out_dir = tmp_path / f'pictures{number}'
        done = browse(*arguments, '--out-dir', out_dir, '--number', 3, '--not-show')
        assert done.returncode == 1 and '1 images could not be drawn' in done.stderr
        assert '1.png cannot be read as an image' in done.stderr
        assert len(list(out_dir.iterdir())) == 4
