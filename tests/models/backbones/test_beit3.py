"""BEiT-3: images, texts, both; padding, positions, and what is refused."""
import pytest
import torch

from segvg.models.backbones import BEiT3
from segvg.structures import TextTokens


def build(**changes):
    torch.manual_seed(0)
    settings = dict(channels=16, num_layers=2, heads=2, hidden=32, image_size=32,
                    patch_size=8, vocab_size=20, text_positions=12)
    return BEiT3(**(settings | changes)).eval()


def texts(*lengths, size=None):
    size = size or max(lengths)
    padding = torch.arange(size) >= torch.tensor(lengths)[:, None]
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(1, 20, (len(lengths), size), generator=generator)
    return TextTokens(ids.masked_fill(padding, 1), padding)


@torch.no_grad()
def test_both_together_have_all_parts():
    features = build()(torch.randn(2, 3, 32, 32), texts(5, 3))
    assert features.class_token.shape == (2, 16)
    assert features.image.feats.shape == (2, 16, 16) and features.image.grid == (4, 4)
    assert features.text.feats.shape == (2, 5, 16)
    assert features.text.padding_mask.sum() == 2


@torch.no_grad()
def test_images_alone_use_only_the_weights_of_images():
    model, images = build(), torch.randn(2, 3, 32, 32)
    before = model(images)
    assert before.text is None
    for name, parameter in model.named_parameters():
        if '.text.' in name or name.startswith(('words', 'text_position')):
            parameter.fill_(float('nan'))
    torch.testing.assert_close(model(images).image.feats, before.image.feats)
    assert model(images, texts(4, 4)).image.feats.isnan().all()


@torch.no_grad()
def test_texts_alone_use_only_the_weights_of_texts():
    model, text = build(), texts(4, 2)
    before = model(text=text)
    assert before.image is None and before.class_token is None
    for name, parameter in model.named_parameters():
        if '.image.' in name or name.startswith(('patches', 'class', 'image_position')):
            parameter.fill_(float('nan'))
    real = ~text.padding_mask
    torch.testing.assert_close(model(text=text).text.feats[real],
                               before.text.feats[real])


@torch.no_grad()
def test_padding_and_batch_mates_do_not_matter():
    model, images = build(), torch.randn(2, 3, 32, 32)
    both = model(images, texts(5, 3, size=8))
    text = texts(5, 3, size=8)
    alone = model(images[1:], TextTokens(text.ids[1:, :3], text.padding_mask[1:, :3]))
    torch.testing.assert_close(alone.image.feats[0], both.image.feats[1], atol=1e-5,
                               rtol=1e-5)
    torch.testing.assert_close(alone.text.feats[0], both.text.feats[1, :3], atol=1e-5,
                               rtol=1e-5)
    other = texts(5, 3, size=8)
    other.ids[text.padding_mask] = 7
    torch.testing.assert_close(model(images, other).image.feats, both.image.feats)


def test_first_position_comes_after_the_reserved_rows():
    model = build()
    (model.embed_text(texts(3)).sum() + model.embed_image(torch.zeros(1, 3, 32, 32)
                                                          ).sum()).backward()
    for table, used in ((model.text_position, 3), (model.image_position, 17)):
        rows = table.weight.grad.abs().sum(1) > 0
        assert rows.nonzero()[:, 0].tolist() == list(range(2, 2 + used))


def test_embedded_padding_is_zero():
    text = texts(5, 2)
    assert not build().embed_text(text)[text.padding_mask].any()


def test_last_layers_are_skipped_more_often():
    rates = [layer.drop_path.drop_prob for layer in build(num_layers=3).layers]
    assert rates == pytest.approx([0, 0.05, 0.1])


def test_wrong_sizes_are_refused():
    model = build()
    with pytest.raises(ValueError, match='images of 48 x 32 pixels, .* is for 32 x 32'):
        model(torch.zeros(1, 3, 48, 32))
    with pytest.raises(ValueError, match='11 tokens .* has positions for 10'):
        model(text=texts(11))
    with pytest.raises(ValueError, match='token id 20 in a vocabulary of 20 words'):
        model(text=TextTokens(torch.tensor([[20]]), torch.zeros(1, 1).bool()))
    with pytest.raises(ValueError, match='needs images, a text, or both'):
        model()
    with pytest.raises(ValueError, match='30 is not a multiple of patch_size 8'):
        build(image_size=30)
