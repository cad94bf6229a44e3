"""The region decoder of the paper, which reads the words at the end."""
import torch
from torch import Tensor, nn

from segvg.models.heads.region_decoder import RegionDecoder, look, read_tokens
from segvg.models.layers import CachedAttention, init_matrices
from segvg.models.losses.region_loss import RegionOutputs
from segvg.registry import MODELS
from segvg.structures import Tokens


@MODELS.register_module()
class LateWordDecoder(RegionDecoder):
    """``RegionDecoder`` whose regions read the words after the last layer.

    What they read changes their votes, not their masks. Its authors note that training
    is unstable and may fail; their later code, and ``RegionDecoder``, reads early.

    Source: Liu et al., "GRES", CVPR 2023.
    """

    def build_word_parts(self, channels: int, heads: int) -> None:
        """Make what reads the words."""
        self.word_attention = CachedAttention(channels, heads)
        self.word_norm = nn.LayerNorm(channels)
        self.last_attention = CachedAttention(channels, heads)
        self.last_norm = nn.LayerNorm(channels)
        self.read_proj = nn.Linear(channels, channels, bias=False)
        self.word_weight = nn.Parameter(torch.zeros(()))
        self.vote_norm = nn.LayerNorm(channels)
        init_matrices(self.word_attention)
        init_matrices(self.last_attention)
        nn.init.zeros_(self.read_proj.weight)

    def read_words(self, number: int, regions: Tensor, words: Tokens) -> Tensor:
        """Return the regions as they are."""
        return regions

    def predict(self, regions: Tensor, words: Tokens, fine: Tensor) -> RegionOutputs:
        """Return the predictions of the final regions (B, Q, C)."""
        of_words = self.word_norm(
            regions + read_tokens(self.word_attention, regions, words))
        of_regions = self.last_norm(
            regions + look(self.last_attention, regions, regions, regions))
        read = self.read_proj(of_words + of_regions)
        voters = regions + self.word_share * self.word_weight.sigmoid() * read
        return self.draw(self.mask(self.norm(regions)), self.vote_norm(voters), fine)
