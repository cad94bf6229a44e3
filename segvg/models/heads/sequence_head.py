"""Coordinates as tokens, predicted one after the other.

``SequenceHead`` is that of SeqTR, ``ContourHead`` that of Partial-RES.
"""
from typing import Any, Optional

import torch
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from torch import Tensor, nn

from segvg.models.heads.box_mask import auxiliary_losses
from segvg.models.heads.sequence_parts import SequencePart
from segvg.models.layers import (
    MLP,
    CausalDecoder,
    CausalDecoderLayer,
    GaussianDecoderLayer,
    init_matrices,
)
from segvg.models.layers.graphs import reads_values, without_gradients
from segvg.registry import MODELS, TASK_UTILS
from segvg.structures import FusedFeatures, GroundingDataSample, Tokens
from segvg.structures.geometry import Geometry
from segvg.structures.packing import fetch, whole_numbers

CPU = torch.device('cpu')


@MODELS.register_module()
class SequenceHead(BaseModule):
    """A causal decoder over bins of coordinates, x and y in one vocabulary.

    A sequence is one or several parts (a box, a contour); each begins with a start
    token and ends with END, the token after the last bin. In training the decoder reads
    the true tokens, at test its own, with keys and values of the past kept.

    Args:
        parts: configs of the parts, in order.
        loss: config of the loss over positions.
        channels: C.
        num_layers: decoder layers.
        heads: attention heads.
        hidden: width of the feed-forward blocks.
        dropout: everywhere in the decoder.
        num_bins: K, bins over the width and over the height.
        frame_size: pixels that the bins span; None: each image's own canvas, also when
            the batch is padded to a larger one.
        learned_start: learn a start token for each part; else it is zero.
        sampler: config of how the next token is chosen; None: the most probable one.
        auxiliary: config of a second task in training, ``BoxMaskAuxiliary``, or none;
            its query is the decoder's state at the first start token.
        init_cfg: mmengine's.

    Source: Zhu et al., "SeqTR", ECCV 2022.
    """

    def __init__(self,
                 parts: list[dict],
                 loss: dict,
                 channels: int = 256,
                 num_layers: int = 3,
                 *,
                 heads: int = 8,
                 hidden: int = 1024,
                 dropout: float = 0.1,
                 num_bins: int = 1000,
                 frame_size: Optional[int] = None,
                 learned_start: bool = False,
                 sampler: Optional[dict] = None,
                 auxiliary: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.num_bins = num_bins
        self.end = num_bins  # the token after the last bin
        self.frame_size = frame_size
        self.parts: list[SequencePart] = [TASK_UTILS.build(part) for part in parts]
        length = sum(2 * part.num_points + 1 for part in self.parts)
        self.token_embed = nn.Embedding(num_bins + 1, channels)
        self.position = nn.Embedding(length, channels)
        self.start_embed = nn.Embedding(len(parts), channels) if learned_start else None
        self.decoder = CausalDecoder(
            [self.build_layer(channels, heads, hidden, dropout)
             for _ in range(num_layers)], channels)
        self.predictor = MLP(channels, channels, channels, num_bins + 1)
        self.loss_sequence = MODELS.build(loss)
        self.sampler = TASK_UTILS.build(sampler or dict(type='MostProbable'))
        self.auxiliary: Any = MODELS.build(auxiliary) if auxiliary else None
        init_matrices(self.decoder)

    @staticmethod
    def build_layer(channels: int, heads: int, hidden: int,
                    dropout: float) -> CausalDecoderLayer:
        """Return a decoder layer."""
        return CausalDecoderLayer(channels, heads, hidden, dropout)

    # -- tokens ------------------------------------------------------------------------

    def frames(self, data_samples: list[GroundingDataSample],
               device: torch.device = CPU) -> Tensor:
        """Return what the bins span, (B, 2) float64, width before height."""
        sizes = [side for sample in data_samples for side in (
            (self.frame_size, ) * 2 if self.frame_size else
            sample.canvas_shape[::-1])]
        return whole_numbers(sizes, device, torch.float64).view(-1, 2)

    def quantise(self, points: Tensor, frames: Tensor) -> Tensor:
        """Return tokens (B, 2 n) of points (B, n, 2); a negative coordinate is END."""
        bins = (points / frames[:, None].to(points) * self.num_bins).long()
        tokens = bins.clamp(max=self.num_bins - 1).masked_fill(points < 0, self.end)
        return tokens.flatten(1)

    def dequantise(self, tokens: Tensor, frames: Tensor) -> Tensor:
        """Return coordinates (B, S) float64 of tokens (B, S), x and y in turn."""
        repeats = -(-tokens.shape[1] // 2)
        sizes = frames.to(tokens.device).repeat(1, repeats)[:, :tokens.shape[1]]
        return tokens * sizes / self.num_bins

    def targets(self, data_samples: list[GroundingDataSample]) -> list[Tensor]:
        """Return the tokens (B, 2 n) of each part, without END after it."""
        points = [part.points(data_samples) for part in self.parts]
        if len({part.dtype for part in points}) > 1:
            points = [part.double() for part in points]
        frames = self.frames(data_samples, points[0].device)
        return [self.quantise(part, frames) for part in points]

    # -- decoder -----------------------------------------------------------------------

    def start(self, part: int, memory: Tokens) -> Tensor:
        """Return the start token (B, 1, C) of a part."""
        if self.start_embed is None:
            return memory.feats.new_zeros((memory.feats.shape[0], 1, self.channels))
        return self.start_embed.weight[part].expand(memory.feats.shape[0], 1, -1)

    @property
    def channels(self) -> int:
        """C of a token."""
        return self.token_embed.embedding_dim

    def embed(self, tokens: Tensor, first: int, memory: Tokens) -> Tensor:
        """Return (B, S, C) for tokens (B, S), the ``first``-th of a part and on."""
        return self.token_embed(tokens)

    def logits(self, memory: Tokens, targets: list[Tensor]) -> Tensor:
        """Return logits (B, L, K + 1) when the decoder reads the true tokens."""
        return self.predictor(self.states(memory, targets))

    def states(self, memory: Tokens, targets: list[Tensor]) -> Tensor:
        """Return states (B, L, C) when the decoder reads the true tokens."""
        inputs = []
        for number, tokens in enumerate(targets):
            inputs += [self.start(number, memory), self.embed(tokens, 0, memory)]
        sequence = torch.cat(inputs, dim=1)
        states, _ = self.decoder(sequence, self.position.weight[:sequence.shape[1]],
                                 self.decoder.start(memory))
        return states

    def loss(self, fused: FusedFeatures,
             data_samples: list[GroundingDataSample]) -> dict[str, Tensor]:
        """Return ``loss_sequence`` over all positions of the batch.

        With an auxiliary also its losses.
        """
        targets = self.targets(data_samples)
        states = self.states(fused.memory, targets)
        losses = self.loss_by_tokens(self.predictor(states), targets)
        losses.update(auxiliary_losses(
            self.auxiliary, states[:, :1].transpose(0, 1), fused, data_samples))
        return losses

    def loss_by_tokens(self, logits: Tensor,
                       targets: list[Tensor]) -> dict[str, Tensor]:
        """Return the loss of logits (B, L, K + 1) against the tokens of each part."""
        ended = [nn.functional.pad(tokens, (0, 1), value=self.end)
                 for tokens in targets]
        weights = [part.weights(tokens, self.end)
                   for part, tokens in zip(self.parts, ended)]
        return dict(loss_sequence=self.loss_sequence(
            logits, torch.cat(ended, dim=1), torch.cat(weights, dim=1)))

    # -- generation --------------------------------------------------------------------

    @without_gradients
    def forward(self, fused: FusedFeatures) -> list[Tensor]:
        """Return the generated tokens (B, num_steps) of each part.

        On a CPU a part stops early when every sequence of the batch has ended; on a GPU
        this check would take longer than the steps. Tokens after END have no meaning.
        """
        memory, generated = fused.memory, []
        state, position = self.decoder.start(memory), 0
        for number, part in enumerate(self.parts):
            is_last = number + 1 == len(self.parts)
            current, tokens = self.start(number, memory), []
            ended = current.new_zeros(current.shape[0], dtype=torch.bool)
            for step in range(part.num_steps):
                states, state = self.decoder(
                    current, self.position.weight[position:position + 1], state)
                position += 1
                logits = self.predictor(states)[:, 0]
                if step < part.min_steps:
                    logits = logits[:, :self.end]
                tokens.append(self.sampler(logits))
                ended |= tokens[-1][:, 0] == self.end
                if is_last and step >= part.min_steps and reads_values(ended) \
                        and ended.all():
                    break
                current = self.embed(tokens[-1], step, memory)
            if not is_last and len(tokens) == 2 * part.num_points:
                _, state = self.decoder(
                    current, self.position.weight[position:position + 1], state)
                position += 1
            rest = part.num_steps - len(tokens)
            generated.append(nn.functional.pad(
                torch.cat(tokens, dim=1), (0, rest), value=self.end))
        return generated

    def predict(self, fused: FusedFeatures,
                data_samples: list[GroundingDataSample]) -> list[GroundingDataSample]:
        """Write ``pred_instances``: box, mask or both; the score is 1."""
        return self.write(self.answer(fused), fused.canvas_shape, data_samples)

    def answer(self, fused: FusedFeatures) -> dict[str, Tensor]:
        """Return ``tokens_0``, ... (B, num_steps) of each part: what a graph gives."""
        return {f'tokens_{i}': tokens for i, tokens in enumerate(self(fused))}

    def write(self, answer: dict[str, Tensor], canvas_shape: tuple[int, int],
              data_samples: list[GroundingDataSample]) -> list[GroundingDataSample]:
        """Write what ``answer`` returned for B samples as ``pred_instances``."""
        self.write_tokens([answer[f'tokens_{i}'] for i in range(len(self.parts))],
                          data_samples)
        return data_samples

    def write_tokens(self, generated: list[Tensor],
                     data_samples: list[GroundingDataSample]) -> None:
        """Write ``pred_instances`` from the tokens (B, num_steps) of each part."""
        frames = self.frames(data_samples)
        geometry = Geometry.from_samples(data_samples)
        predictions = [InstanceData(scores=torch.ones(1)) for _ in data_samples]
        for part, tokens in zip(self.parts, fetch(generated)):
            ended = tokens == self.end
            lengths = torch.where(ended.any(1), ended.int().argmax(1), tokens.shape[1])
            pixels = self.dequantise(tokens, frames)
            part.write(predictions, [own[:length] for own, length in zip(
                pixels, lengths.tolist())], geometry)
        for sample, prediction in zip(data_samples, predictions):
            sample.pred_instances = prediction


@MODELS.register_module()
class ContourHead(SequenceHead):
    """``SequenceHead`` with co-content tokens and a Gaussian bias in its decoder.

    To the embedding of a coordinate the mean of the image tokens of a row (x) or a
    column (y) is added: the axes are exchanged, which published weights expect. Padded
    cells count in the mean.

    Args:
        parts: as in ``SequenceHead``.
        loss: as in ``SequenceHead``.
        swap_axes: take rows for x and columns for y, as published; False: columns for
            x and rows for y, which is what the paper means.
        learned_start: as in ``SequenceHead``; published: learned.
        kwargs: of ``SequenceHead``.

    Source: Qu et al., "Learning to Segment Every Referring Object Point by Point",
    CVPR 2023.
    """

    def __init__(self, parts: list[dict], loss: dict, *, swap_axes: bool = True,
                 learned_start: bool = True, **kwargs: Any) -> None:
        super().__init__(parts, loss, learned_start=learned_start, **kwargs)
        self.swap_axes = swap_axes

    @staticmethod
    def build_layer(channels: int, heads: int, hidden: int,
                    dropout: float) -> GaussianDecoderLayer:
        """Return a decoder layer."""
        return GaussianDecoderLayer(channels, heads, hidden, dropout)

    def embed(self, tokens: Tensor, first: int, memory: Tokens) -> Tensor:
        """Return (B, S, C): embedding and image content of each token.

        END stands for the last row or column.
        """
        assert memory.grid is not None  # GatedProduct sets it
        height, width = memory.grid
        image = memory.feats[:, :height * width].unflatten(1, memory.grid)
        rows, columns = image.mean(2), image.mean(1)  # (B, h, C), (B, w, C)
        of_x, of_y = (rows, columns) if self.swap_axes else (columns, rows)
        position = tokens.double() / self.num_bins
        index = torch.arange(first, first + tokens.shape[1], device=tokens.device)
        content = torch.where((index % 2 == 0)[:, None], self._take(of_x, position),
                              self._take(of_y, position))
        return super().embed(tokens, first, memory) + content

    @staticmethod
    def _take(lines: Tensor, position: Tensor) -> Tensor:
        """Return of lines (B, n, C) those at a position (B, S) in [0, 1], (B, S, C)."""
        index = (position * (lines.shape[1] - 1)).long()
        return lines.gather(1, index[..., None].expand(-1, -1, lines.shape[-1]))
