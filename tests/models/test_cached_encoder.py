"""Cached features are those of the encoder; nothing stale is ever taken."""
import copy

import pytest
import torch

from segvg.models.backbones import HuggingFaceBackbone
from segvg.models.cached_encoder import CachedEncoder, circumstances, describe
from segvg.models.language_encoders.huggingface import HuggingFaceTextEncoder
from segvg.registry import MODELS
from segvg.structures import TextTokens
from segvg.utils.errors import InputError
from tests.models.tiny_encoders import TEXT, VISION, spread


def backbone_of(name='resnet', **options):
    model = HuggingFaceBackbone(VISION[name], frozen=True, **options)
    spread(model.model)
    return model.train()


def cached(module, root, **options) -> CachedEncoder:
    """Put a cache in front of a module, as the hook does."""
    encoder = CachedEncoder(module, root, 'backbone', **options)
    module.forward = encoder
    return encoder


def images_of(count=3):
    return torch.randn(count, 3, 64, 96, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize('name', ['resnet', 'convnext', 'dinov2'])
def test_maps_are_equal_bit_for_bit(name, tmp_path):
    plain = backbone_of(name, out_indices=(1, 2))
    module = copy.deepcopy(plain)
    encoder = cached(module, tmp_path)
    images = images_of()
    padding = torch.zeros(3, 64, 96, dtype=torch.bool)
    padding[1, :, 48:] = True
    given = (images, padding) if plain.reads_padding else (images, )
    alone = [plain(*(value[i:i + 1] for value in given)) for i in range(3)]
    expected = [torch.cat(maps) for maps in zip(*alone)]
    for read, computed in ((0, 3), (3, 3)):
        maps = module(*given)
        assert all(map(torch.equal, maps, expected))
        assert (encoder.read, encoder.computed) == (read, computed)
    again = copy.deepcopy(plain)  # another process, another batch
    other = cached(again, tmp_path)
    maps = again(*(value[[2, 0]] for value in given))
    assert all(torch.equal(ours, theirs[[2, 0]])
               for ours, theirs in zip(maps, expected))
    assert (other.read, other.computed) == (2, 0)
    for ours, batched in zip(expected, plain(*given)):  # kernels depend on the size
        torch.testing.assert_close(ours, batched, rtol=1e-4, atol=1e-4)


def test_flipped_image_has_features_of_its_own(tmp_path):
    plain = backbone_of()
    module = copy.deepcopy(plain)
    encoder = cached(module, tmp_path)
    image = images_of(1)
    module(image)
    flipped = module(image.flip(-1))[0]
    assert encoder.computed == 2
    assert torch.equal(flipped, plain(image.flip(-1))[0])
    assert not torch.equal(flipped, module(image)[0])
    assert (encoder.read, encoder.computed) == (1, 2)


def test_padding_counts_where_it_is_read(tmp_path):
    module = backbone_of('dinov2')
    encoder = cached(module, tmp_path)
    padding = torch.zeros(1, 64, 96, dtype=torch.bool)
    module(images_of(1), padding)
    padding[..., 48:] = True
    module(images_of(1), padding)
    assert encoder.computed == 2


def test_half_precision_is_the_same_from_the_first_time(tmp_path):
    plain = backbone_of()
    module = copy.deepcopy(plain)
    cached(module, tmp_path, dtype='float16')
    first, second = module(images_of())[0], module(images_of())[0]
    assert first.dtype == torch.float32 and torch.equal(first, second)
    alone = torch.cat([plain(image[None])[0] for image in images_of()])
    assert torch.equal(first, alone.half().float())
    sizes = [sum(path.stat().st_size for path in tmp_path.rglob('*.safetensors'))]
    cached(module, tmp_path / 'full')
    module(images_of())
    sizes.append(sum(path.stat().st_size
                     for path in (tmp_path / 'full').rglob('*.safetensors')))
    assert sizes[0] < sizes[1]


def test_values_too_large_for_half_precision_are_refused(tmp_path):
    module = backbone_of()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(100)
    cached(module, tmp_path, dtype='float16')
    with pytest.raises(InputError, match="too large for float16: set dtype='float32'"):
        module(images_of(1))


def first_weight(module):
    return next(parameter for parameter in module.parameters())


def in_place(module):
    with torch.no_grad():
        first_weight(module).add_(0.1)


def behind_the_counter(module):
    """As averages of weights are put in place, around a validation."""
    first_weight(module).data.add_(0.1)
    module.eval()


def loaded(module):
    state = copy.deepcopy(module.state_dict())
    name = next(key for key in state if key.endswith('running_mean'))
    state[name] += 0.1
    module.load_state_dict(state)


@pytest.mark.parametrize('change', [in_place, behind_the_counter, loaded])
def test_changed_weights_have_no_features_yet(tmp_path, change):
    module = backbone_of()
    encoder = cached(module, tmp_path)
    before = module(images_of(1))[0]
    plain = copy.deepcopy(module)
    vars(plain).pop('forward')
    change(module)
    change(plain)
    after = module(images_of(1))[0]
    assert encoder.computed == 2
    assert torch.equal(after, plain(images_of(1))[0]) and not torch.equal(after, before)
    assert len(list(tmp_path.iterdir())) == 2


def test_settings_and_surroundings_count(tmp_path):
    module = backbone_of('dinov2', out_indices=(1, 2))
    facts = describe(module)
    assert describe(copy.deepcopy(module)) == facts
    module.reads_padding = False
    assert describe(module) != facts
    module = backbone_of()
    encoder = cached(module, tmp_path)
    module(images_of(1))
    with torch.autocast('cpu', torch.bfloat16):
        half = module(images_of(1))[0]
    assert encoder.computed == 2 and half.dtype == torch.bfloat16
    with torch.autocast('cpu', torch.bfloat16):
        assert torch.equal(half, module(images_of(1))[0])
    assert encoder.computed == 2


def test_precision_of_products_counts_on_a_gpu(monkeypatch):
    """TF32 of convolutions and of matrix products are two switches of torch."""
    monkeypatch.setattr(torch.cuda, 'get_device_name', lambda device: 'some GPU')
    precision = torch.get_float32_matmul_precision()
    try:
        torch.backends.cuda.matmul.allow_tf32 = False
        before = circumstances(torch.device('cuda'))
        torch.backends.cuda.matmul.allow_tf32 = True
        assert circumstances(torch.device('cuda')) != before
    finally:
        torch.set_float32_matmul_precision(precision)


def test_what_is_trained_is_refused(tmp_path):
    module = HuggingFaceBackbone(VISION['resnet'])
    cached(module, tmp_path)
    with pytest.raises(InputError, match='is trained: set frozen=True of the encoder'):
        module(images_of(1))
    module.requires_grad_(False)
    with pytest.raises(InputError, match='in training mode.*frozen=True'):
        module.train()(images_of(1))
    assert not list(tmp_path.iterdir())
    module.eval()(images_of(1))


def test_what_is_no_encoder_is_refused(tmp_path):
    module = torch.nn.Identity()
    cached(module, tmp_path)
    with pytest.raises(InputError, match='backbone is a Identity, whose features'):
        module(images_of(1))


@pytest.mark.parametrize('pooling', [None, 'mean', 'own'])
def test_texts_are_equal_without_the_padding_of_the_batch(tmp_path, pooling):
    plain = HuggingFaceTextEncoder(TEXT['bert'], frozen=True, pooling=pooling)
    spread(plain.model)
    module = copy.deepcopy(plain.train())
    encoder = cached(module, tmp_path)
    ids = torch.tensor([[1, 5, 6, 2, 0], [1, 7, 8, 9, 2], [1, 5, 6, 2, 0]])
    mask = ids == 0
    tokens, expected = module(TextTokens(ids, mask)), plain(TextTokens(ids, mask))
    assert (encoder.read, encoder.computed) == (1, 2)
    assert tokens.padding_mask is mask and (tokens.feats[mask] == 0).all()
    torch.testing.assert_close(tokens.feats[~mask], expected.feats[~mask])
    for row, length in ((0, 4), (1, 5)):
        alone = plain(TextTokens(ids[row:row + 1, :length], mask[row:row + 1, :length]))
        assert torch.equal(tokens.feats[row, :length], alone.feats[0])
        if pooling:
            assert torch.equal(tokens.pooled[row], alone.pooled[0])
    assert (tokens.pooled is None) is (pooling is None)


def test_sentence_encoder_reads_cached_tokens(tmp_path):
    model = MODELS.build(dict(
        type='SentenceEncoder', channels=8, encoder=dict(
            type='HuggingFaceTextEncoder', config=TEXT['bert'], frozen=True,
            pooling='mean'))).train()
    text = TextTokens(torch.tensor([[1, 5, 2]]), torch.zeros(1, 3, dtype=torch.bool))
    expected = model(text).feats
    cached(model.encoder, tmp_path)
    torch.testing.assert_close(model(text).feats, expected)
