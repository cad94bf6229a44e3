"""MDETR's head: a query predicts which tokens describe its object."""
from typing import Any, Optional, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segvg.models.heads.set_box_head import SetBoxHead, SetOutputs
from segvg.models.losses.set_loss import class_targets, contrastive_alignment
from segvg.models.task_utils import Matches, SetTargets
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, GroundingDataSample


@MODELS.register_module()
class SoftTokenHead(SetBoxHead):
    """``SetBoxHead`` whose classes are the tokens of the caption, the last "no object".

    Targets bring ``gt_instances.positive_map`` (T, L), and captions with phrases
    ``phrase_tokens`` (P, L), both made by ``TokenizeCaption``. A phrase ranks the
    queries by their highest probability among its tokens.

    Args:
        loss_set: config of the loss with its matcher.
        channels: C of queries and memory.
        align_channels: C of the space of the contrastive alignment; 0: none.
        align_weight: factor of its loss.
        align_temperature: what its similarities are divided by.
        **kwargs: of ``SetBoxHead``.

    Source: Kamath et al., "MDETR", ICCV 2021.
    """

    def __init__(self, loss_set: dict, channels: int = 256, align_channels: int = 64,
                 *, align_weight: float = 1.0, align_temperature: float = 0.07,
                 num_classes: int = 256, **kwargs: Any) -> None:
        super().__init__(loss_set, channels, num_classes=num_classes, **kwargs)
        self.align_weight = align_weight
        self.align_temperature = align_temperature
        self.align_query = self.align_text = None
        if align_channels:
            self.align_query = nn.Linear(channels, align_channels)
            self.align_text = nn.Linear(channels, align_channels)

    def positive_map(self, sample: GroundingDataSample) -> Tensor:
        """Return the tokens (T, A) of the targets of a sample.

        Raises:
            ValueError: the pipeline made none, or the caption is too long.
        """
        rows = sample.gt_instances.get('positive_map')
        if rows is None:
            raise ValueError(
                f"'positive_map' is missing for expression {sample.text!r} in "
                f'{sample.img_path}: TokenizeCaption has to tokenize it')
        return self._to_classes(rows, sample)

    def _to_classes(self, rows: Tensor, sample: GroundingDataSample) -> Tensor:
        """Widen token maps (N, L) to (N, A)."""
        unused = self.num_classes - 1 - rows.shape[1]
        if unused < 0:
            raise ValueError(f'{rows.shape[1]} tokens in expression {sample.text!r} of '
                             f'{sample.img_path}, but {self.num_classes - 1} classes')
        return F.pad(rows.float(), (0, unused + 1))

    def align(self, fused: FusedFeatures, states: Tensor) -> tuple[Tensor, Tensor]:
        """Return queries (D, B, Q, E) and tokens (B, L, E), both as unit vectors."""
        assert self.align_query is not None and self.align_text is not None
        words = fused.memory.feats[:, fused.image_slice.stop:]
        return (F.normalize(self.align_query(states), dim=-1),
                F.normalize(self.align_text(words), dim=-1))

    def more_losses(self, fused: FusedFeatures, outputs: SetOutputs,
                    targets: Sequence[SetTargets], matches: Matches,
                    num_boxes: Tensor) -> dict[str, Tensor]:
        """Return ``loss_contrastive_align`` of all layers, if there is an alignment."""
        if self.align_query is None:
            return {}
        queries, words = self.align(fused, outputs.states)
        terms = contrastive_alignment(
            queries, words, self.aligned_tokens(outputs.logits, targets, matches),
            self.align_temperature)
        return dict(loss_contrastive_align=self.align_weight * terms.sum() / num_boxes)

    @staticmethod
    def aligned_tokens(logits: Tensor, targets: Sequence[SetTargets],
                       matches: Matches) -> Tensor:
        """Return which tokens belong to which query, (D, B, Q, A - 1) bool."""
        maps = torch.cat([entry.positive_map for entry in targets])
        return class_targets(logits, maps, matches)[..., :-1] > 0

    def more_fields(self, logits: Tensor,
                    sample: GroundingDataSample) -> dict[str, Tensor]:
        """Return ``phrase_scores`` (Q, P) of a caption with phrases."""
        tokens: Optional[Tensor] = sample.get('phrase_tokens')
        if tokens is None:
            return {}
        return dict(phrase_scores=phrase_scores(
            logits, self._to_classes(tokens, sample)))


def phrase_scores(logits: Tensor, tokens: Tensor) -> Tensor:
    """Return the highest probability (Q, P) of the tokens of each phrase.

    Args:
        logits: (Q, A).
        tokens: (P, A), above 0 where a token belongs to the phrase.
    """
    probs = logits.float().softmax(-1)
    inside = (tokens > 1e-6).to(probs)
    return (probs[:, None] * inside).amax(-1)
