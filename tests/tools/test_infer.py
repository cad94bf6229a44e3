"""tools/infer.py: pictures, predictions.json, a table, and one line for each error."""
import importlib.util
import json
import signal
import sys

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from PIL import Image

from segvg.registry import MODELS
from segvg.utils.fast_config_dump import plain_text
from tests.toy import ROOT, make_data, toy_config

pytestmark = pytest.mark.slow

TOOL = ROOT / 'tools' / 'infer.py'


@pytest.fixture(scope='module')
def toy(tmp_path_factory):
    """Paths of config, checkpoint and images of a toy model."""
    root = tmp_path_factory.mktemp('toy')
    data = make_data(root / 'data')
    cfg = toy_config(ROOT / 'configs/transvg/transvg_refcoco.py', data, root)
    cfg.dump(root / 'toy.py')
    with DefaultScope.overwrite_default_scope('segvg'):
        model = MODELS.build(cfg.model)
    torch.save(model.state_dict(), root / 'toy.pth')
    return root / 'toy.py', root / 'toy.pth', data / 'images'


@pytest.fixture
def infer(toy, monkeypatch, tmp_path):
    """Call the tool as the command line does, in this process."""
    spec = importlib.util.spec_from_file_location('infer', TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)

    def call(*images, config=toy[0], checkpoint=toy[1], more=(),
             texts=('--text', 'left box', '--text', 'blue')):
        arguments = [*images, *texts,
                     *(['--config', config] if config else []),
                     '--checkpoint', checkpoint, '--out-dir', tmp_path / 'out',
                     '--device', 'cpu', *more]
        monkeypatch.setattr(sys, 'argv', [str(TOOL), *map(str, arguments)])
        tool.main()
    call.tool = tool
    return call


def test_pictures_predictions_and_table_are_made(infer, toy, tmp_path, capsys):
    images = [toy[2] / 'val_0.png', toy[2] / 'val_1.png']
    infer(*images)
    records = json.loads((tmp_path / 'out' / 'predictions.json').read_text())
    assert [(item['image'], item['text']) for item in records] == [
        (str(image), text) for image in images for text in ('left box', 'blue')]
    for item in records:
        assert len(item['bbox']) == 4 and item['score'] == 1
        assert item['mask'] is None and item['no_target'] is False
        assert (tmp_path / 'out' / item['picture']).is_file()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ['image', 'expression', 'score', 'x1', 'y1', 'x2', 'y2']
    assert lines[4].startswith('val_1.png  blue') and lines[5].endswith('out')


def test_folded_model_answers_alike_and_bfloat16_nearly(infer, toy, tmp_path):
    boxes = []
    for flags in ((), ('--fold', ), ('--dtype', 'bfloat16')):
        infer(toy[2] / 'val_0.png', more=(*flags, '--overwrite'))
        records = json.loads((tmp_path / 'out' / 'predictions.json').read_text())
        boxes.append([item['bbox'] for item in records])
    for one, other in zip(boxes[0], boxes[1]):
        assert one == pytest.approx(other, abs=0.01)
    for one, other in zip(boxes[0], boxes[2]):
        assert one == pytest.approx(other, abs=3)


def test_config_of_the_checkpoint_is_enough(infer, toy, tmp_path):
    content = dict(state_dict=torch.load(toy[1], weights_only=True),
                   meta=dict(cfg=plain_text(Config.fromfile(toy[0]))))
    torch.save(content, tmp_path / 'whole.pth')
    infer(toy[2] / 'val_0.png', config=None, checkpoint=tmp_path / 'whole.pth')
    records = json.loads((tmp_path / 'out' / 'predictions.json').read_text())
    assert len(records) == 2
    assert 'toy.pth holds no config' in message(
        infer, toy[2] / 'val_0.png', config=None, more=['--overwrite'])


def message(infer, *images, **settings):
    """Return the one line that the tool ends with."""
    with pytest.raises(SystemExit) as stop:
        infer(*images, **settings)
    assert '\n' not in stop.value.code
    return stop.value.code


def test_missing_files_are_named(infer, toy, tmp_path):
    image = toy[2] / 'val_0.png'
    assert message(infer, image, 'no.jpg') == 'error: image no.jpg does not exist'
    assert message(infer, image, config='no.py') == 'error: config no.py does not exist'
    assert message(infer, image, checkpoint='no.pth') == (
        'error: checkpoint no.pth does not exist')
    vocab = ['--cfg-options', 'test_dataloader.dataset.pipeline'
             '.TokenizeExpression.tokenizer.vocab='
             f'{tmp_path}/none/vocab.txt']
    text = message(infer, image, more=vocab)
    assert f'{tmp_path}/none/vocab.txt' in text and 'missing vocabulary' in text
    assert not (tmp_path / 'out').exists()


def test_unreadable_image_is_named(infer, tmp_path):
    (tmp_path / 'text.jpg').write_text('no picture')
    text = message(infer, tmp_path / 'text.jpg')
    assert 'text.jpg cannot be read as an image' in text


def test_other_images_go_on_without_a_broken_one(infer, toy, tmp_path, capsys):
    (tmp_path / 'half.png').write_bytes((toy[2] / 'val_0.png').read_bytes()[:90])
    Image.new('1', (20_000, 10_000)).save(tmp_path / 'huge.png')
    text = message(infer, tmp_path / 'half.png', toy[2] / 'val_0.png',
                   tmp_path / 'huge.png')
    assert text.startswith('error: 2 of 3 images have no answer: ')
    assert 'half.png cannot be read' in text and 'huge.png' in text
    records = json.loads((tmp_path / 'out' / 'predictions.json').read_text())
    assert [item['image'] for item in records] == [str(toy[2] / 'val_0.png')] * 2
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows[-4:-1]] == [
        'image', 'val_0.png', 'val_0.png']


def test_list_with_a_missing_image_is_answered_on_one_picture_each(
        infer, toy, tmp_path, capsys):
    lines = [dict(image=str(toy[2] / 'val_0.png'), text=['red', 'blue']),
             dict(image='none.jpg', text='red'),
             dict(image=str(toy[2] / 'val_1.png'))]
    path = tmp_path / 'asked.jsonl'
    path.write_text(''.join(json.dumps(line) + '\n' for line in lines))
    told = message(infer, path, texts=['--text', 'left', 'right'], more=[
        '--together', '--batch-size', '2', '--longest-side', '50'])
    assert told == ('error: 1 of 3 images have no answer: image '
                    f'{tmp_path}/none.jpg does not exist')
    assert sorted(file.name for file in (tmp_path / 'out').iterdir()) == [
        '0000_val_0.jpg', '0002_val_1.jpg', 'predictions.json']
    records = json.loads((tmp_path / 'out' / 'predictions.json').read_text())
    assert [item['text'] for item in records] == ['red', 'blue', 'left', 'right']
    out = capsys.readouterr().out
    assert '2 images are drawn smaller, 50 pixels on their longest side' in out
    with pytest.raises(SystemExit) as stop:  # the files exist already
        infer(path, texts=['--text', 'left'])
    assert stop.value.code == 2


def test_answers_have_to_go_somewhere(infer, toy, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['infer.py', 'a.jpg', '--checkpoint', 'b.pth'])
    with pytest.raises(SystemExit):
        infer.tool.parse_args()
    assert 'give --out-dir DIR to write the answers' in capsys.readouterr().err


def test_checkpoint_of_another_model_is_refused(infer, toy, tmp_path):
    state = torch.load(toy[1], weights_only=True)
    torch.save({f'other.{key}': value for key, value in state.items()},
               tmp_path / 'other.pth')
    text = message(infer, toy[2] / 'val_0.png', checkpoint=tmp_path / 'other.pth')
    assert 'other.pth does not hold the weights of this TwoTowerGrounder' in text


def test_absent_gpu_is_named(infer, toy, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    text = message(infer, toy[2] / 'val_0.png', more=['--device', 'cuda'])
    assert text == "error: device 'cuda' was asked for, but torch sees no GPU"


def test_stopped_run_keeps_its_answers(infer, toy, tmp_path, monkeypatch, capsys):
    from segvg.apis import GroundingInferencer
    whole, calls = GroundingInferencer.predict, []

    def predict(*arguments):
        calls.append(1)
        if len(calls) == 2:
            signal.raise_signal(signal.SIGTERM)
        return whole(*arguments)

    monkeypatch.setattr(GroundingInferencer, 'predict', predict)
    with pytest.raises(SystemExit) as stop:
        infer(*(toy[2] / f'val_{number}.png' for number in range(3)))
    assert stop.value.code == 130
    assert 'the answers so far are in' in capsys.readouterr().err
    records = json.loads((tmp_path / 'out' / 'predictions.json').read_text())
    assert [item['text'] for item in records] == ['left box', 'blue']
    assert len(list((tmp_path / 'out').iterdir())) == 3
