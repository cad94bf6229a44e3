"""SeqTR's encoders and neck, and what must not matter to the whole."""
import torch
from mmengine.registry import init_default_scope

from segvg.registry import MODELS
from segvg.structures import GroundingBatch, TextTokens
from segvg.utils.configs import load
from tests.toy import ROOT, shrink

SMALL = dict(base_channels=2, repeats=(1, ) * 6)


def build(tmp_path) -> torch.nn.Module:
    cfg = load(ROOT / 'configs/_base_/models/seqtr_darknet53_multi_task.py')
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
    no_word = torch.tensor([[False] * 4, [False] * 2 + [True] * 2, [False] * 4])
    ids = torch.randint(3, 9, (2, 4))[[0, 1, 0]].masked_fill(no_word, 0)
    return GroundingBatch(
        images, padding, TextTokens(ids, no_word),
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
    cfg = load(ROOT / 'configs/_base_/models/seqtr_darknet53.py')
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
