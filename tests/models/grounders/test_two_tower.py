"""What must not matter: padding, batch mates, order, sharing of images."""
import pytest
import torch
from mmengine.registry import init_default_scope

from segvg.registry import MODELS
from segvg.structures import GroundingBatch, TextTokens
from segvg.utils.configs import load
from tests.toy import ROOT, shrink

CONFIG = ROOT / 'configs' / '_base_' / 'models'
BOTH = pytest.mark.parametrize('name', ['segvg_r101', 'transvg_r50'])


def build(name: str, tmp_path, **changes) -> torch.nn.Module:
    cfg = load(CONFIG / f'{name}.py')
    shrink(cfg._cfg_dict, tmp_path)
    for key, value in changes.items():
        node = cfg.model
        *parents, last = key.split('.')
        for parent in parents:
            node = node[parent]
        node[last] = value
    init_default_scope('segvg')
    torch.manual_seed(0)
    return MODELS.build(cfg.model).eval()


def boxes_of(out) -> torch.Tensor:
    return out.boxes[-1] if hasattr(out, 'boxes') else out[:, 0]


def make_batch(length: int = 6) -> GroundingBatch:
    """Two images, three expressions: two about the first, one about the second."""
    torch.manual_seed(1)
    padding = torch.zeros(2, 64, 64, dtype=torch.bool)
    padding[1, 32:] = True
    images = torch.randn(2, 3, 64, 64).masked_fill(padding[:, None], 0)
    ids = torch.randint(4, 12, (3, length))
    text_padding = torch.zeros(3, length, dtype=torch.bool)
    text_padding[2, 3:] = True
    ids[text_padding] = 0
    return GroundingBatch(images, padding, TextTokens(ids, text_padding),
                          torch.tensor([0, 0, 1]))


@BOTH
@torch.no_grad()
def test_shared_images_give_what_single_images_give(name, tmp_path):
    model, batch = build(name, tmp_path), make_batch()
    shared = boxes_of(model(batch))
    for b, i in enumerate(batch.image_index):
        alone = GroundingBatch(
            batch.images[i:i + 1], batch.padding_mask[i:i + 1],
            TextTokens(batch.text.ids[b:b + 1], batch.text.padding_mask[b:b + 1]),
            torch.tensor([0]))
        torch.testing.assert_close(boxes_of(model(alone))[0], shared[b])


@BOTH
@torch.no_grad()
def test_text_padding_does_not_matter(name, tmp_path):
    model, batch = build(name, tmp_path), make_batch()
    ids = torch.nn.functional.pad(batch.text.ids, (0, 5), value=7)
    padding = torch.nn.functional.pad(batch.text.padding_mask, (0, 5), value=True)
    longer = batch._replace(text=TextTokens(ids, padding))
    torch.testing.assert_close(boxes_of(model(longer)), boxes_of(model(batch)))


@BOTH
@torch.no_grad()
def test_order_of_expressions_does_not_matter(name, tmp_path):
    model, batch = build(name, tmp_path), make_batch()
    order = torch.tensor([2, 0, 1])
    mixed = batch._replace(
        text=TextTokens(batch.text.ids[order], batch.text.padding_mask[order]),
        image_index=batch.image_index[order])
    torch.testing.assert_close(boxes_of(model(mixed)), boxes_of(model(batch))[order])


@pytest.mark.parametrize('masked', [True, False])
@torch.no_grad()
def test_image_padding_is_seen_only_when_masked(masked, tmp_path):
    model = build('segvg_r101', tmp_path,
                  **{'image_encoder.mask_image_padding': masked})
    batch = make_batch()
    unpadded = batch._replace(padding_mask=torch.zeros_like(batch.padding_mask))
    same = torch.allclose(boxes_of(model(batch)), boxes_of(model(unpadded)))
    assert same is not masked


@BOTH
def test_every_trainable_parameter_gets_a_gradient(name, tmp_path):
    model, batch = build(name, tmp_path).train(), make_batch()
    out = model(batch)
    total = (out.boxes.sum() + out.mask_logits.sum() if hasattr(out, 'boxes')
             else out.sum())
    total.backward()
    without = [key for key, p in model.named_parameters()
               if p.requires_grad and p.grad is None]
    assert without == []


def test_first_resnet_stage_is_fixed(tmp_path):
    model = build('segvg_r101', tmp_path)
    fixed = {key.split('.')[2] for key, p in model.named_parameters()
             if not p.requires_grad and 'bn' not in key and 'downsample' not in key}
    assert fixed == {'conv1', 'layer1'}


def test_layers_that_do_not_fit_are_told(tmp_path):
    with pytest.raises(ValueError, match='2 alignment rounds need 2 image encoder '
                       'layers and a multiple of 2 language layers, not 3 and 2'):
        build('segvg_r101', tmp_path, **{'image_encoder.num_layers': 3})


def test_text_and_canvas_that_do_not_fit_are_told(tmp_path):
    model, batch = build('segvg_r101', tmp_path), make_batch(41)
    with pytest.raises(ValueError, match='41 text tokens, but .* 40 rows for text'):
        model(batch)
    batch = make_batch()
    large = batch._replace(images=torch.zeros(2, 3, 96, 96),
                           padding_mask=torch.zeros(2, 96, 96, dtype=torch.bool))
    with pytest.raises(ValueError, match='9 image tokens, but .* 4 rows for the image'):
        model(large)
    wrong = batch._replace(text=batch.text._replace(ids=batch.text.ids + 100))
    with pytest.raises(ValueError, match='in a vocabulary of 12'):
        model(wrong)


def test_unknown_mode_is_told(tmp_path):
    with pytest.raises(ValueError, match="not 'train'"):
        build('segvg_r101', tmp_path)(make_batch(), None, 'train')
