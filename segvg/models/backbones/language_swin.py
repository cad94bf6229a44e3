"""A Swin transformer whose every stage reads the expression."""
from typing import Optional, Sequence

import numpy as np
from mmengine.model import BaseModule
from torch import Tensor, nn

from segvg.models.layers.graphs import is_traced
from segvg.models.layers.swin import PatchEmbedding, PatchMerging, swin_stage
from segvg.models.layers.word_pixel_attention import WordPixelAttention
from segvg.registry import MODELS
from segvg.structures import Tokens


class SwinTrunk(nn.Module):
    """The part without text: patches, stages and the merging between them.

    Args:
        channels: C of the first stage; doubled from stage to stage.
        depths: blocks of each stage.
        heads: attention heads of each stage.
        window: side of a window.
        drop_path: probability at which the last block is skipped; from 0 upwards.

    Source: Liu et al., "Swin Transformer", ICCV 2021.
    """

    def __init__(self, channels: int, depths: Sequence[int], heads: Sequence[int],
                 window: int, drop_path: float) -> None:
        super().__init__()
        rates = np.linspace(0, drop_path, sum(depths)).tolist()
        self.patch_embed = PatchEmbedding(channels)
        self.stages = nn.ModuleList()
        for number, depth in enumerate(depths):
            first = sum(depths[:number])
            self.stages.append(swin_stage(channels * 2**number, heads[number], window,
                                          rates[first:first + depth]))
        self.merges = nn.ModuleList(
            PatchMerging(channels * 2**number) for number in range(len(depths) - 1))


def residual_gate(channels: int) -> nn.Sequential:
    """Return the gate (..., C) -> (..., C) that lets text into the trunk.

    Both matrices are zero, as published: its gradient is then zero as well, and the
    gate stays closed however long it trains.
    """
    gate = nn.Sequential(nn.Linear(channels, channels, bias=False), nn.ReLU(),
                         nn.Linear(channels, channels, bias=False), nn.Tanh())
    for weight in gate.parameters():
        nn.init.zeros_(weight)
    return gate


@MODELS.register_module()
class LanguageSwin(BaseModule):
    """Image and expression to maps at strides 4, 8, 16 and 32.

    After the blocks of a stage every pixel reads the words. The result is the map of
    the stage; through a gate it also enters the next one.

    Args:
        channels: C of the first stage.
        depths: blocks of each stage.
        heads: attention heads of each stage.
        window: side of a window.
        text_channels: C of the words.
        drop_path: probability at which the last block is skipped.
        open_gates: initialize the first matrix of every gate at random, so that gates
            learn to open. Published: both matrices are zero and stay so.
        init_cfg: e.g. ``dict(type='PartsPretrained', checkpoint=..., parts=
            dict(trunk=''))``.

    Attributes:
        reads_text: whether its maps depend on the expression.

    Source: Yang et al., "LAVT", CVPR 2022; Liu et al., "GRES", CVPR 2023.
    """
    reads_text = True

    def __init__(self,
                 channels: int = 128,
                 depths: Sequence[int] = (2, 2, 18, 2),
                 heads: Sequence[int] = (4, 8, 16, 32),
                 *,
                 window: int = 12,
                 text_channels: int = 768,
                 drop_path: float = 0.3,
                 open_gates: bool = False,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        widths = [channels * 2**number for number in range(len(depths))]
        self.trunk = SwinTrunk(channels, depths, heads, window, drop_path)
        self.fusions = nn.ModuleList(
            WordPixelAttention(width, text_channels) for width in widths)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for width in widths)
        self.gates = nn.ModuleList(residual_gate(width) for width in widths[:-1])
        self._gates: tuple[tuple, bool] = (), True
        if open_gates:
            for gate in self.gates:
                nn.init.xavier_uniform_(next(gate.parameters()))

    def trunk_reads_text(self) -> bool:
        """Whether the trunk depends on the expression.

        It does in training, and later if a gate has opened.
        """
        if self.training:
            return True
        if not is_traced():  # a graph is made for gates as they were last
            version = tuple((id(weight), weight._version)
                            for weight in self.gates.parameters())
            if version != self._gates[0]:
                self._gates = version, any(
                    all(bool(weight.any()) for weight in gate.parameters())
                    for gate in self.gates)
        return self._gates[1]

    def train(self, mode: bool = True) -> 'LanguageSwin':
        """Set the mode; whether a gate is open is looked up again afterwards."""
        self._gates = ((), True)
        return super().train(mode)

    def encode(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the stages (I, C_i, h_i, w_i) of images (I, 3, H, W), gates closed."""
        maps, tokens = [], self.trunk.patch_embed(images)
        for number, stage in enumerate(self.trunk.stages):
            tokens = stage(tokens)
            maps.append(tokens.permute(0, 3, 1, 2))
            if number < len(self.gates):
                tokens = self.trunk.merges[number](tokens)
        return tuple(maps)

    def fuse_stage(self, number: int, tokens: Tensor, text: Tokens) -> Tensor:
        """Return a stage (B, h, w, C) after it has read the words."""
        fused = self.fusions[number](tokens.flatten(1, 2), text)
        return fused.view(tokens.shape)

    def finish(self, number: int, fused: Tensor) -> Tensor:
        """Return the normalised map (B, C, h, w) of a fused stage (B, h, w, C)."""
        return self.norms[number](fused).permute(0, 3, 1, 2)

    def read(self, maps: Sequence[Tensor], text: Tokens) -> tuple[Tensor, ...]:
        """Return the maps (B, C_i, h_i, w_i) of the stages of B images and of words."""
        stages = [stage.permute(0, 2, 3, 1) for stage in maps]
        return tuple(self.finish(number, self.fuse_stage(number, tokens, text))
                     for number, tokens in enumerate(stages))

    def forward(self, images: Tensor, text: Tokens) -> tuple[Tensor, ...]:
        """Return the maps (B, C_i, h_i, w_i), finest first.

        Args:
            images: (B, 3, H, W), the image of each expression.
            text: words (B, L, C').
        """
        maps, tokens = [], self.trunk.patch_embed(images)
        for number, stage in enumerate(self.trunk.stages):
            tokens = stage(tokens)
            fused = self.fuse_stage(number, tokens, text)
            maps.append(self.finish(number, fused))
            if number < len(self.gates):
                tokens = tokens + self.gates[number](fused) * fused
                tokens = self.trunk.merges[number](tokens)
        return tuple(maps)
