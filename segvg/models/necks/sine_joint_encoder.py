"""A transformer encoder over image and text tokens, positions for the image only."""
import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import nn

from segvg.models.layers import EncoderLayer, init_matrices
from segvg.models.necks.triple_alignment import join_padding_masks
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, Tokens


@MODELS.register_module()
class SineJointEncoder(BaseModule):
    """Image tokens, then text tokens, in one encoder.

    Image tokens keep the sine positions that they bring, text has none of its own: the
    language encoder has told words apart. Post-norm layers without a final norm. The
    feature maps of the image are handed on.

    Args:
        text_channels: C of the incoming text tokens.
        channels: C of the encoder and of the image tokens.
        num_layers: encoder layers.
        heads: attention heads.
        hidden: width of the feed-forward blocks.
        dropout: of residual branches, attention weights, feed-forward blocks and of the
            projected text.

    Source: Kamath et al., "MDETR", ICCV 2021, cross encoder; SiRi keeps its weights
    from one round of training to the next.
    """

    def __init__(self,
                 text_channels: int = 768,
                 channels: int = 256,
                 *,
                 num_layers: int = 6,
                 heads: int = 8,
                 hidden: int = 2048,
                 dropout: float = 0.1) -> None:
        super().__init__()
        self.text_proj = nn.Linear(text_channels, channels)
        self.text_norm = nn.LayerNorm(channels, eps=1e-12)
        self.text_dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(
            EncoderLayer(channels, heads, hidden, dropout=dropout,
                         attention_dropout=dropout) for _ in range(num_layers))
        init_matrices(self.layers)

    def forward(self, text: Tokens, image: Tokens,
                canvas_shape: tuple[int, int]) -> FusedFeatures:
        """Fuse text (B, L, C_text) and image (B, h * w, C)."""
        words = self.text_dropout(self.text_norm(self.text_proj(text.feats)))
        tokens = torch.cat([image.feats, words], dim=1)
        padding_mask = join_padding_masks(image, text)
        pos = F.pad(image.pos, (0, 0, 0, words.shape[1]))
        for layer in self.layers:
            tokens = layer(tokens, padding_mask, pos)
        return FusedFeatures(
            memory=Tokens(tokens, padding_mask, pos),
            image_slice=slice(0, image.feats.shape[1]),
            grid=image.grid,
            canvas_shape=canvas_shape,
            maps=image.maps)
