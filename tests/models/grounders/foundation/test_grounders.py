"""Foundation models as grounders: equal to transformers' own, frames, messages."""
import numpy as np
import pytest
import torch
import transformers
from mmengine.registry import init_default_scope

from segvg.models.grounders.foundation import parsers
from segvg.models.grounders.foundation.base import to_pixels
from segvg.models.grounders.foundation.published import SquarePixels
from segvg.registry import MODELS
from segvg.structures import ExpressionGroup, GroundingDataSample
from tests.models.grounders.foundation.tiny_models import TINY, WRITERS, sam2

SHAPE = (48, 60)
TEXTS = ['the red circle', 'left box', 'the blue square right']
#: Type -> the part that sees the image and nothing else.
IMAGE_ENCODERS = dict(
    GroundingDINO='model.backbone.conv_encoder',
    MMGroundingDINO='model.backbone.conv_encoder', OWLv2='owlv2.vision_model',
    SAM3='vision_encoder', Florence2='model.vision_tower', Qwen3VL='model.visual',
    Qwen25VL='model.visual')


@pytest.fixture(scope='module')
def image():
    pixels = np.random.RandomState(0).randint(0, 255, (3, *SHAPE), dtype=np.uint8)
    return torch.from_numpy(pixels)


@pytest.fixture(scope='module')
def models(tmp_path_factory):
    """Return a tiny model and its folder by type; each is made on first use."""
    init_default_scope('segvg')
    made = {}

    def get(kind):
        if kind not in made:
            folder = TINY[kind](tmp_path_factory.mktemp(kind))
            options = dict(max_new_tokens=12) if kind in WRITERS else {}
            model = MODELS.build(dict(type=kind, name=f'tiny/{kind}', **options))
            model.load_published(str(folder))
            made[kind] = model, folder
        return made[kind]
    return get


def ask(model, image, texts):
    """The samples of an image with texts."""
    meta = dict(ori_shape=SHAPE, img_shape=SHAPE, img_path='a.png')
    group = ExpressionGroup([GroundingDataSample(metainfo=dict(meta, text=text))
                             for text in texts])
    return model.test_step(dict(inputs=[image], data_samples=[group]))


def assert_alike(first, second):
    assert first.get('answer_text') == second.get('answer_text')
    for key in first.pred_instances.keys():
        torch.testing.assert_close(
            first.pred_instances[key], second.pred_instances[key], atol=1e-4, rtol=1e-4)


def assert_detections(found, expected):
    """Predictions are the detections of transformers, the best first, cut at borders.
    """
    order = expected['scores'].argsort(descending=True, stable=True)
    torch.testing.assert_close(found.scores, expected['scores'][order])
    limit = torch.tensor([SHAPE[1], SHAPE[0]] * 2)
    torch.testing.assert_close(
        found.bboxes, expected['boxes'][order].clamp(min=0).minimum(limit),
        atol=1e-4, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize('kind', TINY)
def test_answers_do_not_depend_on_other_sentences(kind, models, image):
    """The image encoder runs once, and each answer is that of the sentence alone."""
    model, _ = models(kind)
    calls = []
    hook = model.network.get_submodule(IMAGE_ENCODERS[kind]).register_forward_hook(
        lambda *_: calls.append(1))
    together = ask(model, image, TEXTS)
    assert len(calls) == 1
    for text, sample in zip(TEXTS, together):
        assert_alike(ask(model, image, [text])[0], sample)
    model.sentences_at_once = 2
    for first, second in zip(together, ask(model, image, TEXTS), strict=True):
        assert_alike(first, second)
    hook.remove()


@pytest.mark.parametrize('kind', ['GroundingDINO', 'MMGroundingDINO'])
def test_grounding_dino_is_that_of_transformers(kind, models, image):
    model, folder = models(kind)
    processor = transformers.GroundingDinoProcessor(
        transformers.GroundingDinoImageProcessorPil.from_pretrained(folder),
        transformers.AutoTokenizer.from_pretrained(folder))
    inputs = processor(images=image.numpy(), text=f'{TEXTS[0]}.', return_tensors='pt')
    with torch.no_grad():
        out = model.network(**inputs)
    assert_detections(ask(model, image, TEXTS[:1])[0].pred_instances,
                      processor.post_process_grounded_object_detection(
                          out, inputs['input_ids'], threshold=-1,
                          target_sizes=[SHAPE])[0])


def test_owlv2_is_that_of_transformers(models, image):
    model, folder = models('OWLv2')
    processor = transformers.Owlv2ImageProcessorPil.from_pretrained(folder)
    tokens = model.tokenizer(['left box'], padding='max_length', max_length=16,
                             return_tensors='pt')
    with torch.no_grad():
        out = model.network(**processor(image.numpy(), return_tensors='pt'), **tokens)
    assert_detections(ask(model, image, ['left box'])[0].pred_instances,
                      processor.post_process_object_detection(
                          out, threshold=-1, target_sizes=[SHAPE])[0])


def test_sam3_is_that_of_transformers(models, image):
    """Scores with the presence token, masks at the size of the image."""
    model, _ = models('SAM3')
    tokens = model.tokenizer(['left box'], padding='max_length', max_length=32,
                             return_tensors='pt')
    with torch.no_grad():
        out = model.network(pixel_values=model.processor(image), **tokens)
    sample = ask(model, image, ['left box'])[0]
    found, presence = sample.pred_instances, out.presence_logits.sigmoid()
    scores, order = (out.pred_logits.sigmoid() * presence)[0].sort(descending=True)
    torch.testing.assert_close(found.scores, scores)
    torch.testing.assert_close(
        found.bboxes, (out.pred_boxes[0, order] * torch.tensor(
            [SHAPE[1], SHAPE[0]] * 2)).clamp(min=0), atol=1e-4, rtol=1e-4)
    masks = torch.nn.functional.interpolate(
        out.pred_masks.sigmoid(), SHAPE, mode='bilinear')[0, order] > 0.5
    assert torch.equal(found.masks, masks) and 0 < masks.float().mean() < 1
    assert float(sample.no_target_score) == pytest.approx(1 - float(presence))


def test_florence2_writes_what_transformers_writes(models, image):
    model, folder = models('Florence2')
    images = transformers.CLIPImageProcessorPil.from_pretrained(folder)
    images.image_seq_length = model.encode_image(image).shape[1]
    processor = transformers.Florence2Processor(images, model.tokenizer)
    inputs = processor(images=image.numpy(), text='<OPEN_VOCABULARY_DETECTION>left box',
                       return_tensors='pt')
    written = model.network.generate(**inputs, **model.search)
    sample = ask(model, image, ['left box'])[0]
    assert sample.answer_text == processor.batch_decode(written)[0]


def test_qwen3_vl_writes_what_transformers_writes(models, image):
    model, _ = models('Qwen3VL')
    inputs = model.processor(image.numpy(), return_tensors='pt')
    patches = int(inputs['image_grid_thw'].prod()) // 4
    prompt = model.prompt.replace('{text}', 'left box')
    ids = model.tokenizer(
        '<|im_start|>user\n<|vision_start|>' + '<|image_pad|>' * patches
        + f'<|vision_end|>{prompt}<|im_end|>\n<|im_start|>assistant\n',
        return_tensors='pt')['input_ids']
    written = model.network.generate(
        input_ids=ids, attention_mask=torch.ones_like(ids),
        mm_token_type_ids=(ids == model.network.config.image_token_id).int(),
        **inputs, **model.search)
    sample = ask(model, image, ['left box'])[0]
    assert sample.answer_text == model.tokenizer.decode(
        written[0, ids.shape[1]:], skip_special_tokens=True)


def test_unit_of_coordinates(models):
    grid = torch.tensor([[1, 4, 6]])
    assert models('Qwen3VL')[0].coordinates(grid) == (1000.0, 1000.0)
    assert models('Qwen25VL')[0].coordinates(grid) == (6 * 14.0, 4 * 14.0)


@pytest.mark.parametrize(('words', 'bboxes', 'none', 'readable'), [
    ('[{"bbox_2d": [0, 0, 500, 500]}, {"bbox_2d": [500, 500, 1000, 1000]}]',
     [[0, 0, 30, 24], [30, 24, 60, 48]], 0, True),
    ('[]', [], 1, True),
    # always wrong: the box matches no target, and the answer is not "none"
    ('There is a red circle.', [[0, 0, 0, 0]], 0, False)])
def test_words_become_boxes(words, bboxes, none, readable, models, image, monkeypatch):
    model, _ = models('Qwen3VL')
    monkeypatch.setattr(model, 'ground', lambda encoded, prompts: [
        model.read(words, (1000.0, 1000.0))])
    sample = ask(model, image, ['a'])[0]
    assert sample.pred_instances.bboxes.tolist() == bboxes
    assert sample.pred_instances.scores.tolist() == pytest.approx(
        [1, 0.999][:len(bboxes)])
    assert float(sample.no_target_score) == none
    assert (sample.answer_text, sample.unreadable) == (words, not readable)


def test_marks_of_a_chat_in_a_sentence_are_words(models, image):
    model, _ = models('Qwen3VL')
    assert ask(model, image, ['<|image_pad|> box <|im_end|>'])[0].answer_text


def test_card_entry_says_prompt_and_parser(models):
    entry = models('Qwen3VL')[0].card_entry()
    assert entry['name'] == 'tiny/Qwen3VL' and '{text}' in entry['prompt']
    assert entry['parser'] == parsers.PARSERS['json_boxes'].name
    assert 'parser' not in models('OWLv2')[0].card_entry()


def test_boxes_are_half_open_and_within_the_image():
    boxes = torch.tensor([[0.5, 0.5, 1, 1], [0, 0, 1, 1]])
    assert to_pixels(boxes, (48, 60)).tolist() == [[0, 0, 60, 48], [0, 0, 30, 24]]


def test_square_pixels_are_nearly_those_of_pillow(image):
    """Antialiased bilinear filters on bytes: at most one step apart."""
    from PIL import Image
    square = SquarePixels(dict(size=dict(height=20, width=20)), (8, 8))
    found = square(image)[0] * 127.5 + 127.5
    expected = Image.fromarray(image.permute(1, 2, 0).numpy()).resize(
        (20, 20), Image.Resampling.BILINEAR)
    difference = found - torch.from_numpy(np.array(expected)).permute(2, 0, 1)
    assert difference.abs().max() <= 1.01
    assert SquarePixels({}, (8, 8))(image).shape == (1, 3, 8, 8)


def test_long_sentences_are_warned_of(models, image, monkeypatch):
    told = []
    monkeypatch.setattr('segvg.models.grounders.foundation.base.print_log',
                        lambda text, **_: told.append(text))
    ask(models('OWLv2')[0], image, ['the red circle left of the blue square', 'box'])
    assert told == ["'the red circle left of the blue square' has 33 tokens, but "
                    'tiny/OWLv2 reads only 16: its end is cut']


def test_only_tokens_that_are_read_are_counted(models, monkeypatch):
    """Florence-2 writes start and end of a text itself."""
    told = []
    monkeypatch.setattr('segvg.models.grounders.foundation.base.print_log',
                        lambda text, **_: told.append(text))
    model, _ = models('Florence2')
    options = dict(add_special_tokens=False)
    count = model.tokenize(['<s>box</s>'], **options)['input_ids'].shape[1]
    for limit, warnings in ((count, 0), (count - 1, 1)):
        monkeypatch.setattr(model, 'max_tokens', limit, raising=False)
        found = model.tokenize(['<s>box</s>'], **options)['input_ids']
        assert found.shape == (1, limit) and len(told) == warnings


def test_sam2_draws_a_mask_in_every_box(models, image, tmp_path):
    folder = sam2(tmp_path)
    refiner = dict(type='Sam2Refiner', name=str(folder))
    model = MODELS.build(dict(type='OWLv2', name='tiny/owl', max_boxes=3,
                              mask_refiner=refiner))
    model.load_published(str(models('OWLv2')[1]))
    first, second = ask(model, image, TEXTS[:2])
    assert first.pred_instances.masks.shape == (3, *SHAPE)
    assert first.pred_instances.masks.dtype == torch.bool
    drawing = model.mask_refiner.encode(image)
    boxes = torch.tensor([[0, 0, 0, 0], [5, 5, 30, 20.]])
    masks = model.mask_refiner.draw(drawing, boxes, SHAPE)
    assert not masks[0].any() and masks[1].any()
    network = model.mask_refiner.network
    with torch.no_grad():
        out = network(pixel_values=model.mask_refiner.processor(image),
                      input_boxes=(boxes[None, 1:] * torch.tensor(
                          [64 / 60, 64 / 48] * 2)), multimask_output=False)
    expected = torch.nn.functional.interpolate(out.pred_masks[0], SHAPE,
                                               mode='bilinear') > 0
    assert torch.equal(masks[1], expected[0, 0])
    assert model.mask_refiner.draw(drawing, boxes[:0], SHAPE).shape == (0, *SHAPE)


def test_messages(models, image, tmp_path):
    with pytest.raises(ValueError, match=r'prompt needs \{text\}'):
        MODELS.build(dict(type='OWLv2', name='a/b', prompt='find it'))
    with pytest.raises(ValueError, match='dtype is one of float32'):
        MODELS.build(dict(type='OWLv2', name='a/b', dtype='int8'))
    model = MODELS.build(dict(type='OWLv2', name='a/b'))
    with pytest.raises(ValueError, match='has no weights'):
        ask(model, image, ['a'])
    folder = models('SAM3')[1]
    with pytest.raises(ValueError, match="architecture 'sam3'; expected 'owlv2'"):
        model.load_published(str(folder))
    with pytest.raises(FileNotFoundError, match='nor a model on the hub'):
        model.load_published('google/owlv2-base-patch16-ensemble')
    loaded = models('OWLv2')[0]
    with pytest.raises(ValueError, match='scored as published, not trained'):
        loaded.forward(None, None, mode='loss')
    sample = GroundingDataSample(metainfo=dict(text='a', ori_shape=(96, 120)))
    with pytest.raises(ValueError, match='takes images as they are'):
        loaded.test_step(dict(inputs=[image], data_samples=[ExpressionGroup([sample])]))


@pytest.mark.slow
@pytest.mark.parametrize('kind', ['GroundingDINO', 'OWLv2', 'SAM3', 'Florence2',
                                  'Qwen3VL'])
def test_lower_precision_is_set_later(kind, models, image):
    from segvg.engine.speed import use_precision
    _, folder = models(kind)
    model = MODELS.build(dict(type=kind, name='a/b'))
    model.load_published(str(folder))
    use_precision(model, 'bfloat16')
    assert model.network.dtype is torch.bfloat16
    found = ask(model, image, TEXTS[:2])[0].pred_instances
    assert found.bboxes.dtype is found.scores.dtype is torch.float32
    with pytest.raises(ValueError, match='run as published, not compiled'):
        use_precision(model, compiled=True)


def test_incomplete_weights_are_refused(models, tmp_path):
    import shutil

    from safetensors.torch import load_file, save_file
    folder = shutil.copytree(models('OWLv2')[1], tmp_path / 'owl')
    state = load_file(folder / 'model.safetensors')
    state.pop('class_head.dense0.weight')
    save_file(state, folder / 'model.safetensors', metadata=dict(format='pt'))
    model = MODELS.build(dict(type='OWLv2', name='a/b'))
    with pytest.raises(ValueError, match='1 missing or of another shape'):
        model.load_published(str(folder))


def test_settings_ask_for_no_code_and_no_kernel(models, tmp_path):
    import json
    import shutil
    folder = shutil.copytree(models('OWLv2')[1], tmp_path / 'owl')
    path = folder / 'config.json'
    values = json.loads(path.read_text())
    asked = dict(_attn_implementation='someone/kernel', dtype='float16',
                 auto_map=dict(AutoModel='code.Model'))
    values.update(asked)
    values['text_config'].update(asked)
    path.write_text(json.dumps(values))
    model = MODELS.build(dict(type='OWLv2', name='a/b'))
    model.load_published(str(folder))
    assert model.network.config._attn_implementation in ('sdpa', 'eager')
    assert model.network.dtype is torch.float32
