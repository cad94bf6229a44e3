"""SeqTR's encoders and neck, and what must not matter to the whole."""
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from segvg.checkpoints.darknet import read_darknet_weights, tensors_in_file_order
from segvg.checkpoints.initializers import DarkNetWeights, WordVectors
from segvg.models.backbones import DarkNet53
from segvg.models.language_encoders import WordVectorGRU
from segvg.registry import MODELS
from segvg.structures import GroundingBatch, TextTokens
from tests.toy import ROOT, shrink

SMALL = dict(base_channels=2, repeats=(1, ) * 6)


def make_text(length: int = 4) -> TextTokens:
    torch.manual_seed(0)
    padding = torch.zeros(2, length, dtype=torch.bool)
    padding[1, 2:] = True
    return TextTokens(torch.randint(3, 9, (2, length)).masked_fill(padding, 0), padding)


def write_weights(path, model, count: int) -> None:
    header = np.zeros(5, dtype='<i4')
    values = np.arange(count, dtype='<f4')
    path.write_bytes(header.tobytes() + values.tobytes())


def test_maps_halve_and_frozen_layers_do_not_train():
    model = DarkNet53(**SMALL)
    maps = model(torch.zeros(1, 3, 64, 32))
    assert [tuple(level.shape) for level in maps] == [
        (1, 16, 8, 4), (1, 32, 4, 2), (1, 64, 2, 1)]
    training = {name.split('.')[1] for name, p in model.named_parameters()
                if p.requires_grad}
    assert training == {'12', '13'}
    assert len(DarkNet53(**SMALL, out_layers=(6, )).layers) == 7


def test_weight_file_is_read_in_order_and_the_rest_ignored(tmp_path):
    model = DarkNet53(**SMALL)
    layers = tensors_in_file_order(model)
    total = sum(tensor.numel() for tensors in layers for tensor in tensors)
    write_weights(tmp_path / 'a.weights', model, total + 7)
    assert read_darknet_weights(tmp_path / 'a.weights', model) == (20, 20)
    first = model.layers[0]
    assert first.bn.bias.tolist() == [0, 1] and first.bn.weight.tolist() == [2, 3]
    assert first.bn.running_mean.tolist() == [4, 5]
    assert first.bn.running_var.tolist() == [6, 7]
    assert first.conv.weight.flatten()[0] == 8
    assert model.layers[13].conv.weight.flatten()[-1] == total - 1


def test_file_of_a_classifier_leaves_the_last_layers(tmp_path):
    model = DarkNet53(**SMALL)
    layers = tensors_in_file_order(model)
    count = sum(tensor.numel() for tensors in layers[:16] for tensor in tensors)
    write_weights(tmp_path / 'a.weights', model, count)
    before = model.layers[13].conv.weight.clone()
    assert read_darknet_weights(tmp_path / 'a.weights', model) == (16, 20)
    assert torch.equal(model.layers[13].conv.weight, before)
    assert model.layers[13].bn.running_var.tolist() == [1] * 64
    DarkNetWeights(str(tmp_path / 'a.weights'))(model)


def test_cut_and_missing_weight_files_are_told(tmp_path):
    model = DarkNet53(**SMALL)
    write_weights(tmp_path / 'a.weights', model, 70)
    with pytest.raises(ValueError, match='ends within convolution 1: 70 numbers'):
        read_darknet_weights(tmp_path / 'a.weights', model)
    with pytest.raises(FileNotFoundError, match='no weight file'):
        read_darknet_weights(tmp_path / 'b.weights', model)


def test_padding_is_seen_or_not():
    text = make_text()
    longer = TextTokens(*(torch.nn.functional.pad(value, (0, 3), value=pad)
                          for value, pad in zip(text, (0, True))))
    unseen = WordVectorGRU(9, 4, 5, text_length=None)
    torch.testing.assert_close(unseen(text).feats, unseen(longer).feats)
    alone = TextTokens(text.ids[1:, :2], text.padding_mask[1:, :2])
    torch.testing.assert_close(unseen(text).feats[1:], unseen(alone).feats)
    fixed = WordVectorGRU(9, 4, 5, text_length=7)
    torch.testing.assert_close(fixed(text).feats, fixed(longer).feats)
    before = fixed(text).feats
    fixed.text_length = 8
    assert not torch.allclose(fixed(text).feats, before)


def test_pools_by_hand():
    model = WordVectorGRU(9, 4, 5, text_length=None, pool='mean')
    text = make_text()
    states = model._states_of_words(*text)
    torch.testing.assert_close(model(text).feats[1, 0], states[1, :2].mean(0))
    model.pool = 'max'
    torch.testing.assert_close(model(text).feats[1, 0], states[1, :2].amax(0))


def test_texts_that_do_not_fit_are_told():
    with pytest.raises(ValueError, match='word id .* in a table of 3 word vectors'):
        WordVectorGRU(3, 4, 5)(make_text())
    with pytest.raises(ValueError, match='4 words in an expression, but text_length'):
        WordVectorGRU(9, 4, 5, text_length=3)(make_text())
    with pytest.raises(ValueError, match="pool is one of .* not 'sum'"):
        WordVectorGRU(9, 4, 5, pool='sum')


def test_word_vectors_fill_the_first_rows(tmp_path):
    path = tmp_path / 'words.npz'
    np.savez(path, word_emb=np.ones((5, 4), np.float32))
    model = WordVectorGRU(9, 4, 5)
    WordVectors(str(path))(model)
    assert model.words.weight.sum(1).tolist() == [4.0] * 5 + [0.0] * 4
    with pytest.raises(ValueError, match='5 vectors of 4 numbers, the table 3 rows'):
        WordVectors(str(path))(WordVectorGRU(3, 4, 5))
    np.savez(path, other=np.ones(3))
    with pytest.raises(ValueError, match="no array 'word_emb'"):
        WordVectors(str(path))(model)
    with pytest.raises(FileNotFoundError, match='tools/build_vocab.py'):
        WordVectors(str(tmp_path / 'no.npz'))(model)


def build(tmp_path) -> torch.nn.Module:
    cfg = Config.fromfile(ROOT / 'configs/_base_/models/seqtr_darknet53_multi_task.py')
    shrink(cfg._cfg_dict, tmp_path)
    init_default_scope('segvg')
    torch.manual_seed(0)
    return MODELS.build(cfg.model).eval()


def make_batch() -> GroundingBatch:
    """Two images, three expressions: two about the first, one about the second."""
    torch.manual_seed(1)
    padding = torch.zeros(2, 64, 64, dtype=torch.bool)
    padding[1, 32:] = True
    images = (100 * torch.randn(2, 3, 64, 64)).masked_fill(padding[:, None], 0)
    text = make_text()
    return GroundingBatch(
        images, padding, TextTokens(text.ids[[0, 1, 0]], text.padding_mask[[0, 1, 0]]),
        torch.tensor([0, 0, 1]))


@torch.no_grad()
def test_shared_images_give_what_single_images_give(tmp_path):
    model, batch = build(tmp_path), make_batch()
    shared = model.extract(batch).memory.feats
    for b, i in enumerate(batch.image_index):
        alone = GroundingBatch(
            batch.images[i:i + 1], batch.padding_mask[i:i + 1],
            TextTokens(batch.text.ids[b:b + 1], batch.text.padding_mask[b:b + 1]),
            torch.tensor([0]))
        ours = model.extract(alone).memory.feats[0]
        torch.testing.assert_close(ours, shared[b], atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_padded_cells_are_masked(tmp_path):
    model, batch = build(tmp_path), make_batch()
    tokens = model.encode_image(batch)
    assert tokens.grid == (2, 2)
    assert tokens.padding_mask.tolist() == [[False] * 4, [False, False, True, True]]


def test_published_size():
    """Parameters as counted in the published code, which lacks no module."""
    cfg = Config.fromfile(ROOT / 'configs/_base_/models/seqtr_darknet53.py')
    cfg.model.language_encoder.vocab_size = 64
    init_default_scope('segvg')
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    counts = {name: sum(p.numel() for p in part.parameters())
              for name, part in model.named_children() if name != 'data_preprocessor'}
    assert counts['image_encoder'] == 56_322_784
    assert counts['language_encoder'] == 2_500_608 + 300 * 64
    assert counts['fusion'] + counts['head'] == 36_642_304 + 8_808_681
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert trainable == 53_197_545
