"""ResNet: residual networks of five depths, as maps of their stages."""
from typing import Optional, Sequence, Union

from mmengine.model import BaseModule, Sequential
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from segvg.registry import MODELS

NORMS = {'BN': nn.BatchNorm2d, 'SyncBN': nn.SyncBatchNorm}
#: Learned from random weights unless ``init_cfg`` says otherwise.
INIT_CFG = [dict(type='Kaiming', layer='Conv2d'),
            dict(type='Constant', val=1, layer='_BatchNorm')]


def build_norm(channels: int, type: str = 'BN', requires_grad: bool = True,
               **kwargs) -> nn.Module:
    """Return a batch normalization, mmdetection's ``norm_cfg`` as arguments."""
    if type not in NORMS:
        raise ValueError(f'norm_cfg.type of ResNet is {" or ".join(NORMS)}, not '
                         f'{type!r}')
    norm = NORMS[type](channels, **kwargs)
    return norm.requires_grad_(requires_grad)


class BasicBlock(BaseModule):
    """Two convolutions of 3 x 3 and a shortcut: ResNet-18 and -34.

    Args:
        before: channels of its input.
        width: channels of its convolutions.
        stride: of the first convolution.
        dilation: of the first convolution.
        downsample: the layers of the shortcut, None for the input itself.
        style: not used here; see ``Bottleneck``.
        norm_cfg: normalization.
        init_cfg: mmengine's.
    """
    expansion = 1

    def __init__(self, before: int, width: int, *, stride: int, dilation: int,
                 downsample: Optional[nn.Module], style: str, norm_cfg: dict,
                 init_cfg: Optional[dict]) -> None:
        super().__init__(init_cfg=init_cfg)
        self.conv1 = nn.Conv2d(before, width, 3, stride=stride, padding=dilation,
                               dilation=dilation, bias=False)
        self.bn1 = build_norm(width, **norm_cfg)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = build_norm(width, **norm_cfg)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample

    def residual(self, maps: Tensor) -> Tensor:
        """Return what is added to the shortcut."""
        maps = self.relu(self.bn1(self.conv1(maps)))
        return self.bn2(self.conv2(maps))

    def forward(self, maps: Tensor) -> Tensor:
        """Map (I, C, h, w) to (I, C', h', w')."""
        residual = self.residual(maps)
        shortcut = maps if self.downsample is None else self.downsample(maps)
        return self.relu(residual + shortcut)


class Bottleneck(BasicBlock):
    """Convolutions of 1 x 1, 3 x 3 and 1 x 1 and a shortcut: ResNet-50 and deeper.

    The stride is that of the second convolution (style ``'pytorch'``) or of the first
    (``'caffe'``, as first published).
    """
    expansion = 4

    def __init__(self, before: int, width: int, *, stride: int, dilation: int,
                 downsample: Optional[nn.Module], style: str, norm_cfg: dict,
                 init_cfg: Optional[dict]) -> None:
        BaseModule.__init__(self, init_cfg=init_cfg)
        first, second = (1, stride) if style == 'pytorch' else (stride, 1)
        self.conv1 = nn.Conv2d(before, width, 1, stride=first, bias=False)
        self.bn1 = build_norm(width, **norm_cfg)
        self.conv2 = nn.Conv2d(width, width, 3, stride=second, padding=dilation,
                               dilation=dilation, bias=False)
        self.bn2 = build_norm(width, **norm_cfg)
        self.conv3 = nn.Conv2d(width, width * self.expansion, 1, bias=False)
        self.bn3 = build_norm(width * self.expansion, **norm_cfg)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample

    def residual(self, maps: Tensor) -> Tensor:
        """Return what is added to the shortcut."""
        maps = self.relu(self.bn1(self.conv1(maps)))
        maps = self.relu(self.bn2(self.conv2(maps)))
        return self.bn3(self.conv3(maps))


#: Depth -> block, and the number of blocks of each stage.
DEPTHS = {18: (BasicBlock, (2, 2, 2, 2)), 34: (BasicBlock, (3, 4, 6, 3)),
          50: (Bottleneck, (3, 4, 6, 3)), 101: (Bottleneck, (3, 4, 23, 3)),
          152: (Bottleneck, (3, 8, 36, 3))}


def make_stage(block: type[BasicBlock], count: int, before: int, width: int, *,
               stride: int, norm_cfg: dict, **kwargs) -> Sequential:
    """Return the blocks of a stage, of which the first has the stride.

    Args:
        block: class of the blocks.
        count: number of blocks.
        before: channels of the input.
        width: channels inside the blocks.
        stride: of the stage.
        norm_cfg: normalization.
        **kwargs: further arguments of the blocks.
    """
    after = width * block.expansion
    shortcut = None
    if stride != 1 or before != after:
        shortcut = nn.Sequential(
            nn.Conv2d(before, after, 1, stride=stride, bias=False),
            build_norm(after, **norm_cfg))
    blocks = [block(before, width, stride=stride, downsample=shortcut,
                    norm_cfg=norm_cfg, **kwargs)]
    blocks += [block(after, width, stride=1, downsample=None, norm_cfg=norm_cfg,
                     **kwargs) for _ in range(count - 1)]
    return Sequential(*blocks)  # which initializes the blocks, unlike nn.Sequential


@MODELS.register_module()
class ResNet(BaseModule):
    """Maps of the stages of a residual network.

    Arguments, names of weights and numbers are those of mmdetection's ``ResNet``; the
    names are torchvision's, too. Deep stems, plugins and deformable convolutions are
    not here: ``mmdet.ResNet`` has them.

    Args:
        depth: 18, 34, 50, 101 or 152.
        num_stages: stages that are built.
        strides: of the first block of each stage.
        dilations: of the convolutions of 3 x 3 of each stage.
        out_indices: stages whose maps are returned, counted from 0.
        base_channels: channels of the stem and of the first stage before expansion.
        frozen_stages: the stem (0) and so many stages are not trained; -1 freezes
            nothing.
        norm_cfg: normalization: ``type`` (``'BN'``, ``'SyncBN'``), ``requires_grad``
            and arguments of the layer.
        norm_eval: keep the statistics of the normalization as they are.
        style: where the stride of a ``Bottleneck`` is, ``'pytorch'`` or ``'caffe'``.
        zero_init_residual: a block begins as its shortcut, where ``init_cfg`` is not
            given.
        init_cfg: mmengine's; by default convolutions are drawn (He et al., fan out).

    Source: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016.
    """

    def __init__(self, depth: int, *, num_stages: int = 4,
                 strides: Sequence[int] = (1, 2, 2, 2),
                 dilations: Sequence[int] = (1, 1, 1, 1),
                 out_indices: Sequence[int] = (0, 1, 2, 3),
                 base_channels: int = 64, frozen_stages: int = -1,
                 norm_cfg: Optional[dict] = None, norm_eval: bool = True,
                 style: str = 'pytorch', zero_init_residual: bool = True,
                 init_cfg: Union[dict, list, None] = None) -> None:
        super().__init__(init_cfg=INIT_CFG if init_cfg is None else init_cfg)
        check_arguments(depth, num_stages, strides, dilations, out_indices, style)
        self.out_indices = tuple(out_indices)
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval
        block, counts = DEPTHS[depth]
        norm_cfg = dict(norm_cfg or {})
        block_init = None
        if init_cfg is None and zero_init_residual:
            last = 'bn3' if block is Bottleneck else 'bn2'
            block_init = dict(type='Constant', val=0, override=dict(name=last))

        self.conv1 = nn.Conv2d(3, base_channels, 7, stride=2, padding=3, bias=False)
        self.bn1 = build_norm(base_channels, **norm_cfg)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        before = base_channels
        for stage in range(num_stages):
            layer = make_stage(
                block, counts[stage], before, base_channels * 2**stage,
                stride=strides[stage], dilation=dilations[stage], style=style,
                norm_cfg=norm_cfg, init_cfg=block_init)
            self.add_module(f'layer{stage + 1}', layer)
            before = base_channels * 2**stage * block.expansion
        self.num_stages = num_stages
        self.freeze_stages()

    def freeze_stages(self) -> None:
        """Take the frozen stages out of training."""
        if self.frozen_stages < 0:
            return
        names = ['conv1', 'bn1'] + [
            f'layer{stage + 1}' for stage in range(self.frozen_stages)]
        for name in names:
            self.get_submodule(name).eval().requires_grad_(False)

    def train(self, mode: bool = True) -> 'ResNet':
        """Change to training or back; frozen parts and, if asked, statistics stay."""
        super().train(mode)
        self.freeze_stages()
        for part in self.modules() if mode and self.norm_eval else ():
            if isinstance(part, _BatchNorm):
                part.eval()
        return self

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the maps (I, C_i, h_i, w_i) of ``out_indices`` of (I, 3, H, W)."""
        maps = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        found = []
        for stage in range(self.num_stages):
            maps = self.get_submodule(f'layer{stage + 1}')(maps)
            if stage in self.out_indices:
                found.append(maps)
        return tuple(found)


def check_arguments(depth: int, num_stages: int, strides: Sequence[int],
                    dilations: Sequence[int], out_indices: Sequence[int],
                    style: str) -> None:
    """Refuse what no ResNet has.

    Raises:
        ValueError: a value is not one of those that there are, or too few are given.
    """
    if depth not in DEPTHS:
        raise ValueError(f'depth of ResNet is one of {", ".join(map(str, DEPTHS))}, '
                         f'not {depth!r}')
    if not 1 <= num_stages <= 4 or min(len(strides), len(dilations)) < num_stages:
        raise ValueError(
            f'a ResNet has 1 to 4 stages, each with a stride and a dilation; got '
            f'num_stages={num_stages}, {len(strides)} strides, {len(dilations)} '
            'dilations')
    if not set(out_indices) <= set(range(num_stages)):
        raise ValueError(f'out_indices={tuple(out_indices)} of a ResNet with '
                         f'{num_stages} stages: they go from 0 to {num_stages - 1}')
    if style not in ('pytorch', 'caffe'):
        raise ValueError(f"style of ResNet is 'pytorch' or 'caffe', not {style!r}")
