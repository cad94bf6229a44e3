"""GroundingInferencer: images and expressions in, plain predictions out."""
import json

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from PIL import ExifTags, Image

from segvg.apis import GroundingInferencer
from segvg.registry import INFERENCERS, MODELS
from segvg.structures.masks import decode_rle
from segvg.utils.fast_config_dump import plain_text
from tests.toy import ROOT, make_data, toy_config

TEXTS = ['left box', 'the red box', 'blue']


@pytest.fixture(scope='module')
def toy(tmp_path_factory):
    """A toy config, a checkpoint of it and the folder of its images."""
    root = tmp_path_factory.mktemp('toy')
    data = make_data(root / 'data')
    cfg = toy_config(ROOT / 'configs/segvg/segvg_refcoco.py', data, root)
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('segvg'):
        model = MODELS.build(cfg.model)
    checkpoint = root / 'toy.pth'
    torch.save(dict(state_dict=model.state_dict(), meta={}), checkpoint)
    return cfg, checkpoint, data / 'images'


@pytest.fixture(scope='module')
def ground(toy):
    return GroundingInferencer(toy[0], toy[1], 'cpu')


def same(first, second):
    assert first['text'] == second['text']
    np.testing.assert_allclose(first['bbox'], second['bbox'], atol=1e-3)
    assert first['score'] == pytest.approx(second['score'], abs=1e-5)


def test_three_lines_ground_an_expression(toy, tmp_path):
    cfg, checkpoint, images = toy
    cfg.dump(tmp_path / 'toy.py')
    ground = GroundingInferencer(tmp_path / 'toy.py', checkpoint)
    result = ground(str(images / 'val_0.png'), ['left box'])
    [[found]] = result['predictions']
    assert set(found) == {'text', 'bbox', 'score', 'mask', 'no_target'}
    x1, y1, x2, y2 = found['bbox']
    assert 0 <= x1 < x2 <= 60 and 0 <= y1 < y2 <= 48
    assert 0 <= found['score'] <= 1 and found['no_target'] is False
    assert decode_rle(found['mask']).shape == (48, 60)
    assert result['visualization'] == []


def test_config_of_the_checkpoint_is_enough(toy, ground, tmp_path):
    cfg, checkpoint, images = toy
    content = torch.load(checkpoint, weights_only=True)
    torch.save(dict(content, meta=dict(cfg=plain_text(cfg))), tmp_path / 'whole.pth')
    image = str(images / 'val_0.png')
    [[found]] = GroundingInferencer(None, tmp_path / 'whole.pth', 'cpu')(
        image, 'left box')['predictions']
    [[expected]] = ground(image, 'left box')['predictions']
    same(found, expected)
    with pytest.raises(ValueError, match='toy.pth holds no config'):
        GroundingInferencer(None, checkpoint)


def test_inferencer_is_registered():
    assert INFERENCERS.get('GroundingInferencer') is GroundingInferencer


def test_config_given_is_not_changed(toy):
    before = toy[0].pretty_text
    GroundingInferencer(toy[0], toy[1], 'cpu')
    assert toy[0].pretty_text == before


def test_image_is_encoded_once_for_all_expressions(ground, toy, monkeypatch):
    seen = []
    encode = ground.model.encode_image

    def spy(inputs):
        seen.append((len(inputs.images), inputs.image_index.tolist()))
        return encode(inputs)

    monkeypatch.setattr(ground.model, 'encode_image', spy)
    ground([toy[2] / 'val_0.png', toy[2] / 'val_1.png'], [TEXTS, TEXTS[:1]],
           batch_size=2)
    assert seen == [(2, [0, 0, 0, 1])]


def test_batch_mates_and_kind_of_input_do_not_matter(ground, toy):
    paths = [toy[2] / 'val_0.png', toy[2] / 'val_1.png', toy[2] / 'val_2.png']
    together = ground(paths, TEXTS, batch_size=2)['predictions']
    for path, group in zip(paths, together):
        array = np.array(Image.open(path).convert('RGB'))
        for text, expected in zip(TEXTS, group):
            [[found]] = ground(array, text)['predictions']
            same(found, expected)


def test_pillow_and_bgr_give_the_same_answer(ground, toy):
    path = toy[2] / 'val_0.png'
    [[expected]] = ground(path, 'red')['predictions']
    with Image.open(path) as image:
        [[found]] = ground(image, 'red')['predictions']
        bgr = np.array(image.convert('RGB'))[..., ::-1]
    same(found, expected)
    [[found]] = ground(bgr, 'red', channel_order='bgr')['predictions']
    same(found, expected)
    with pytest.raises(ValueError, match="channel_order is one of .* not 'gbr'"):
        ground(bgr, 'red', channel_order='gbr')


def test_list_of_images_and_sentences(ground, toy, tmp_path):
    path = tmp_path / 'asked.jsonl'
    path.write_text(''.join(json.dumps(dict(
        image=str(toy[2] / f'val_{number}.png'), text=texts)) + '\n'
        for number, texts in enumerate(['red', ['blue', 'left box']])))
    first, second = ground(path)['predictions']
    assert [item['text'] for item in first + second] == ['red', 'blue', 'left box']
    assert second.image == str(toy[2] / 'val_1.png') and second.size == (48, 60)
    assert second[0].masks.shape == (1, 48, 60)


def test_low_scores_do_not_count(ground, toy):
    [[found]] = ground(toy[2] / 'val_0.png', 'red')['predictions']
    for score_thr, is_none in ((found['score'] / 2, False), (1.0, True)):
        [[kept]] = ground(toy[2] / 'val_0.png', 'red', score_thr=score_thr
                          )['predictions']
        assert kept['no_target'] is is_none
    with pytest.raises(ValueError, match='score_thr is between 0 and 1, not 40'):
        ground(toy[2] / 'val_0.png', 'red', score_thr=40)
    with pytest.raises(ValueError, match='batch_size is at least 1, not 0'):
        ground(toy[2] / 'val_0.png', 'red', batch_size=0)


@pytest.mark.slow
def test_all_answers_are_drawn_on_one_picture(ground, toy, tmp_path):
    result = ground(toy[2] / 'val_0.png', TEXTS, tmp_path, together=True,
                    return_vis=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        '0000_val_0.jpg', 'predictions.json']
    [[picture]] = result['visualization']
    assert picture.shape[0] > picture.shape[1] * 48 / 60
    records = json.loads((tmp_path / 'predictions.json').read_text())
    assert [item['picture'] for item in records] == ['0000_val_0.jpg'] * 3


def test_windows_need_a_screen(ground, toy, monkeypatch):
    shown = []
    monkeypatch.setattr('matplotlib.pyplot.get_backend', lambda: 'agg')
    with pytest.raises(ValueError, match='no window can be opened here'):
        ground(toy[2] / 'val_0.png', TEXTS, show=True)
    monkeypatch.setattr('matplotlib.pyplot.get_backend', lambda: 'qtagg')
    monkeypatch.setattr(ground.visualizer, 'show', lambda picture, wait_time:
                        shown.append((picture.ndim, wait_time)))
    ground(toy[2] / 'val_0.png', TEXTS, show=True, wait_time=0.5)
    assert shown == [(3, 0.5)] * 3


@pytest.mark.slow
def test_large_images_are_drawn_smaller(toy, tmp_path):
    image = np.zeros((200, 3000, 3), np.uint8)
    for limit, width in ((None, 1600), (500, 500), (0, 3000)):
        ground = GroundingInferencer(toy[0], toy[1], 'cpu', longest_side=limit)
        [[found]], [[picture]] = ground(image, 'red', return_vis=True).values()
        assert picture.shape[1] == 2 * width + 6  # with the soft mask beside it
        assert found.masks.shape == (1, 200, 3000)


def test_predictions_are_those_of_the_test_loader(ground, toy):
    from segvg.datasets import GroundingDataset
    with DefaultScope.overwrite_default_scope('segvg'):
        settings = {key: value for key, value in toy[0].test_dataloader.dataset.items()
                    if key != 'type'}
        packed = GroundingDataset(**settings)[0]
    with torch.no_grad():
        expected = ground.model.test_step({key: [packed[key]] for key in packed})
    texts = [sample.text for sample in expected]
    [found] = ground(expected[0].img_path, texts)['predictions']
    for prediction, sample in zip(found, expected):
        np.testing.assert_allclose(prediction['bbox'], sample.pred_instances.bboxes[0],
                                   atol=1e-3)


def test_nothing_found_is_said_so(ground, toy, monkeypatch, tmp_path):
    step = ground.model.test_step

    def find_nothing(batch):
        samples = step(batch)
        for sample in samples:
            sample.pred_instances = sample.pred_instances[:0]
        return samples

    monkeypatch.setattr(ground.model, 'test_step', find_nothing)
    [[found]] = ground(toy[2] / 'val_0.png', 'blue', tmp_path)['predictions']
    assert found == dict(text='blue', bbox=None, score=None, mask=None, no_target=True)


def test_pictures_and_predictions_are_written(ground, toy, tmp_path):
    paths = [toy[2] / 'val_0.png', toy[2] / 'val_1.png']
    result = ground(paths, TEXTS[:2], tmp_path / 'new', return_vis=True)
    assert sorted(path.name for path in (tmp_path / 'new').iterdir()) == [
        '0000_0_val_0.jpg', '0000_1_val_0.jpg', '0001_0_val_1.jpg', '0001_1_val_1.jpg',
        'predictions.json']
    records = json.loads((tmp_path / 'new' / 'predictions.json').read_text())
    assert records[3]['image'] == str(paths[1])
    assert records[3]['picture'] == '0001_1_val_1.jpg'
    same(records[3], result['predictions'][1][1])
    picture = result['visualization'][0][0]
    assert picture.dtype == np.uint8 and picture.shape[2] == 3
    with Image.open(tmp_path / 'new' / '0000_0_val_0.jpg') as written:
        assert written.size == picture.shape[1::-1]


def test_photograph_is_turned_upright(ground, toy, tmp_path):
    with Image.open(toy[2] / 'val_0.png') as image:
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = 8  # stored a quarter turn to the right
        image.transpose(Image.Transpose.ROTATE_270).save(
            tmp_path / 'phone.png', exif=exif)
    [[turned]] = ground(tmp_path / 'phone.png', 'red')['predictions']
    [[upright]] = ground(toy[2] / 'val_0.png', 'red')['predictions']
    same(turned, upright)


def test_text_that_is_cut_is_warned_of(ground, toy, monkeypatch):
    told = []
    monkeypatch.setattr('segvg.apis.inferencer.print_log',
                        lambda text, logger, level: told.append(text))
    ground(toy[2] / 'val_0.png', ['red', 'red ' * 60])
    assert len(told) == 1 and told[0].endswith(': its end is cut')
    assert 'has 62 tokens, of which the model reads' in told[0]


@pytest.mark.parametrize('text, told', [
    ('zebra xylophone', ["2 of the 2 words of 'zebra xylophone' are not in the "
                         'vocabulary of the model: the answer is unreliable']),
    ('the zebra', []), ('red', []), ('a zebra near the xylophone', [
        "4 of the 5 words of 'a zebra near the xylophone' are not in the vocabulary of "
        'the model: the answer is unreliable'])])
def test_text_of_unknown_words_is_warned_of(ground, toy, monkeypatch, text, told):
    warned = []
    monkeypatch.setattr('segvg.apis.inferencer.print_log',
                        lambda text, logger, level: warned.append(text))
    ground(toy[2] / 'val_0.png', [text])
    assert warned == told


def test_broken_image_is_an_error_or_skipped(toy, tmp_path):
    (tmp_path / 'html.jpg').write_text('<html>not found</html>')
    paths = [tmp_path / 'html.jpg', toy[2] / 'val_0.png']
    ground = GroundingInferencer(toy[0], toy[1], 'cpu')
    with pytest.raises(ValueError, match='html.jpg cannot be read as an image'):
        ground(paths, 'red')
    ground.on_broken_image = 'skip'
    for batch_size in (1, 2):
        first, second = ground(paths, 'red', batch_size=batch_size)['predictions']
        assert first == [] and len(second) == 1
    assert list(ground.skipped) == [str(paths[0])]
    first, second = ground([tmp_path / 'none.jpg', paths[1]], 'red')['predictions']
    assert first == [] and len(second) == 1
    assert 'none.jpg does not exist' in ground.skipped[str(tmp_path / 'none.jpg')]
    with pytest.raises(ValueError, match="on_broken_image is 'error' or 'skip'"):
        GroundingInferencer(toy[0], toy[1], 'cpu', on_broken_image='ignore')


@pytest.mark.parametrize('texts', [[], '', ['red', ' '], [['red']], [['red'], []],
                                   [['red'], 'blue'], [['red'], [3]]])
def test_texts_that_do_not_fit_are_refused(ground, toy, texts):
    with pytest.raises(ValueError, match='expressions'):
        ground([toy[2] / 'val_0.png', toy[2] / 'val_1.png'], texts)


@pytest.mark.parametrize('image', [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3))])
def test_array_that_is_no_image_is_refused(ground, image):
    with pytest.raises(ValueError, match=r'\(H, W, 3\) uint8 array in RGB order'):
        ground(image, 'red')


def test_missing_image_is_named_before_anything_runs(ground, toy, tmp_path):
    with pytest.raises(FileNotFoundError, match='image .*none.jpg does not exist'):
        ground([toy[2] / 'val_0.png', tmp_path / 'none.jpg'], 'red', tmp_path / 'out')
    assert not (tmp_path / 'out').exists()
    with pytest.raises(ValueError, match='no image'):
        ground([], 'red')


def test_unusable_settings_are_named(toy, tmp_path):
    cfg, checkpoint, _ = toy
    with pytest.raises(FileNotFoundError, match='config .*none.py does not exist'):
        GroundingInferencer(tmp_path / 'none.py', checkpoint)
    with pytest.raises(FileNotFoundError, match='checkpoint .*none.pth does not exist'):
        GroundingInferencer(cfg, tmp_path / 'none.pth')
    with pytest.raises(ValueError, match="device is 'cpu', 'cuda', .* not 'gpu'"):
        GroundingInferencer(cfg, checkpoint, 'gpu')
    bare = cfg.copy()
    bare.test_dataloader = None
    with pytest.raises(ValueError, match='no pipeline in its test_dataloader'):
        GroundingInferencer(bare, checkpoint)
