"""The gated product with the sentence as one more token of the encoder."""
import torch

from segvg.models.necks.gated_product import GatedProduct
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, Tokens


@MODELS.register_module()
class SentenceTokenProduct(GatedProduct):
    """``GatedProduct`` whose encoder also sees the sentence, as its last token.

    It has no position and is projected and normalised together with the image tokens.
    Arguments are those of ``GatedProduct``.

    Source: Qu et al., "Learning to Segment Every Referring Object Point by Point",
    CVPR 2023.
    """

    def forward(self, text: Tokens, image: Tokens,
                canvas_shape: tuple[int, int]) -> FusedFeatures:
        """Fuse a sentence (B, 1, C_image) with image tokens (B, h * w, C_image).

        The memory has h * w + 1 tokens; its ``grid`` is that of the image tokens.
        """
        sentence = text.feats.tanh()
        feats = torch.cat([image.feats * sentence, sentence], dim=1)
        mask = torch.nn.functional.pad(image.padding_mask, (0, 1), value=False)
        pos = torch.nn.functional.pad(image.pos, (0, 0, 0, 1))
        tokens = self.project(feats)
        for layer in self.layers:
            tokens = layer(tokens, mask, pos)
        return FusedFeatures(
            memory=Tokens(tokens, mask, pos, image.grid),
            image_slice=slice(0, tokens.shape[1] - 1),
            grid=image.grid,
            canvas_shape=canvas_shape)
