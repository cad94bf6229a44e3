"""The product of image map and sentence."""
import torch

from segvg.models.necks import SentenceTokenProduct
from segvg.structures import Tokens


def test_sentence_is_the_last_token_of_the_encoder():
    torch.manual_seed(0)
    neck = SentenceTokenProduct((12, ), 8, 1, heads=2, hidden=8, groups=2).eval()
    image = neck.image_tokens([torch.randn(1, 12, 2, 3)], torch.zeros(1, 64, 96).bool())
    text = Tokens(torch.randn(1, 1, 12))
    fused = neck(text, image, (64, 96))
    assert fused.memory.feats.shape == (1, 7, 8)
    assert fused.memory.padding_mask.shape == (1, 7)
    assert (fused.memory.pos[:, 6] == 0).all()
    assert fused.image_slice == slice(0, 6) and fused.grid == (2, 3)
