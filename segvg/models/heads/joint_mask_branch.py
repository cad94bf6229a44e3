"""RefTR's mask branch: DETR's, which also sees the encoded image."""
import torch
from torch import Tensor

from segvg.models.heads.attention_mask_branch import AttentionMaskBranch
from segvg.registry import MODELS
from segvg.structures import FusedFeatures


@MODELS.register_module()
class JointMaskBranch(AttentionMaskBranch):
    """``AttentionMaskBranch`` with one softmax over all heads and the encoded image.

    The first convolution reads the coarsest map, the image tokens of the joint encoder
    and the attention maps.

    Source: Li and Sigal, "Referring Transformer", NeurIPS 2021.
    """

    @staticmethod
    def input_width(channels: int, heads: int) -> int:
        """Return the channels of what the first convolution reads."""
        return 2 * channels + heads

    @staticmethod
    def spread(logits: Tensor) -> Tensor:
        """Return attention weights of logits (M, heads, N): a sum of 1 over all."""
        return logits.flatten(1).softmax(-1).view_as(logits)

    def begin(self, queries: Tensor, index: Tensor, fused: FusedFeatures) -> Tensor:
        """Return what the first convolution reads, (M, input width, h, w)."""
        image = fused.memory.feats[:, fused.image_slice].transpose(1, 2)
        image = image.unflatten(2, fused.grid)
        return torch.cat([fused.maps[0][index], image[index],
                          self.attend(queries, index, fused)], dim=1)
