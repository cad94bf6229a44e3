"""Image encoders of transformers: ViTs, convolutional ones, Swins, CLIP and SigLIP."""
import inspect
from typing import Any, Mapping, Optional, Sequence, Union

import torch
from torch import Tensor

from segvg.models.huggingface import HuggingFaceEncoder, model_settings
from segvg.models.layers import additive_mask
from segvg.models.layers.graphs import reads_values
from segvg.registry import MODELS
from segvg.structures.packing import whole_numbers
from segvg.utils.errors import InputError

#: Image towers that transformers' AutoBackbone does not know.
TOWERS = dict(
    clip_vision_model='CLIPVisionModel', siglip_vision_model='SiglipVisionModel',
    siglip2_vision_model='Siglip2VisionModel')
#: Architectures with a backbone of ours, see ``segvg.models.huggingface``.
OWN = ('mobilenet_v2', )
#: Plain ViTs whose attention takes a mask -> class tokens before the patches.
MASKED = dict(
    dinov2=1, dinov2_with_registers=1, dinov3_vit=1, clip_vision_model=1,
    siglip_vision_model=0, siglip2_vision_model=0)
#: Architectures that cut off what their stride does not divide -> that stride. A ViT
#: has its patch size.
STRIDES = dict(convnext=32, convnextv2=32, dinov3_convnext=32)


def make_model(settings: Any, out_indices: Sequence[int]) -> Any:
    """Return the model with random weights.

    Raises:
        InputError: transformers has no image encoder of this architecture.
    """
    import transformers
    from transformers.models.auto.modeling_auto import MODEL_FOR_BACKBONE_MAPPING_NAMES
    kind = settings.model_type
    if kind in TOWERS:
        if 'siglip' in kind:
            settings.vision_use_head = False
        model = getattr(transformers, TOWERS[kind])(settings)
        if kind == 'clip_vision_model':  # it would see only the class token
            tower = getattr(model, 'vision_model', model)  # of transformers 4
            tower.post_layernorm = torch.nn.Identity()
        return model
    if kind in OWN:
        from segvg.models.huggingface.mobilenet_v2 import MobileNetV2Backbone
        return MobileNetV2Backbone(settings, out_indices)
    if kind not in MODEL_FOR_BACKBONE_MAPPING_NAMES or kind == 'timm_backbone':
        known = sorted({*MODEL_FOR_BACKBONE_MAPPING_NAMES, *TOWERS, *OWN}
                       - {'timm_backbone'})
        raise InputError(f'{kind!r} is not an image encoder of transformers '
                         f'{transformers.__version__}; these are: {", ".join(known)}')
    count = len(settings.stage_names)
    settings.out_indices = sorted(index % count for index in out_indices)
    return transformers.AutoBackbone.from_config(settings)


def takes_mask(model: Any) -> bool:
    """Return whether an encoder can leave patches out of its attention."""
    names = inspect.signature(model.forward).parameters
    return any('attention_mask' in name or name == 'kwargs' for name in names)


@MODELS.register_module()
class HuggingFaceBackbone(HuggingFaceEncoder):
    """Image to maps, by an image encoder of transformers.

    It can replace any backbone here: in ``DETREncoder`` and its variants, as
    ``image_encoder`` of SeqTR, in ``TextFreeBackbone``. Its maps are equal to those of
    transformers, bit for bit: to those of ``AutoBackbone``, or, for CLIP and SigLIP, to
    the states of the patches (the last ones as in ``last_hidden_state``).

    How padding is treated:

    ==============================================  ===================================
    architecture                                    padding
    ==============================================  ===================================
    DINOv2, DINOv3 ViT, CLIP, SigLIP, SigLIP2       no patch attends to it: its pixels
                                                    do not change the result
    ConvNeXt, ConvNeXtV2, DINOv3 ConvNeXt, ResNet,  seen as a part of the image, zeros
    MobileNetV2, Swin, SwinV2, ViTDet, others       beside it
    ==============================================  ===================================

    Position encodings of ViTs refer to the whole canvas in both cases: the same image
    on a larger canvas has other features.

    Args:
        config: settings, ``dict(model_type='dinov2', ...)``, with random weights; or a
            folder or hub name, whose ``config.json`` is read here and whose weights
            ``init_weights`` loads.
        out_indices: stages whose maps are returned, finest first, as transformers
            counts them: 0 is the stem or the embedded patches, -1 the last.
        mask_padding: False: padding is seen by ViTs, too.
        init_cfg: e.g. ``dict(type='HuggingFacePretrained', name=<folder>)``.
        **kwargs: of ``HuggingFaceEncoder``.

    Attributes:
        channels: C_i of the maps.
        reads_padding: whether it uses the padding mask.
        divisor: sides of the canvas are multiples of it.
    """

    def __init__(self,
                 config: Union[Mapping[str, Any], str],
                 *,
                 out_indices: Sequence[int] = (-1, ),
                 mask_padding: bool = True,
                 init_cfg: Optional[dict] = None,
                 **kwargs) -> None:
        if isinstance(config, str) and init_cfg is None:
            init_cfg = dict(type='HuggingFacePretrained', name=config)
        settings = model_settings(config, 'vision')
        model = make_model(settings, out_indices)
        super().__init__(model, init_cfg=init_cfg, **kwargs)
        kind = self.model_type
        self.reads_padding = mask_padding and kind in MASKED
        if self.reads_padding and not takes_mask(model):
            import transformers
            raise InputError(
                f'{kind} of transformers {transformers.__version__} takes no mask of '
                "padding: pip install 'transformers>=5', or set mask_padding=False")
        self.prefix = MASKED.get(kind, 0) + getattr(settings, 'num_register_tokens', 0)
        self.divisor = int(STRIDES.get(kind, 1) if kind not in MASKED
                           else settings.patch_size)
        if kind in TOWERS:
            count = settings.num_hidden_layers + 1
            self.out_indices = sorted(index % count for index in out_indices)
            self.channels = (settings.hidden_size, ) * len(out_indices)
        else:
            self.channels = tuple(model.channels)

    def forward(self, images: Tensor,
                padding_mask: Optional[Tensor] = None) -> tuple[Tensor, ...]:
        """Return the maps (I, C_i, h_i, w_i) of ``out_indices``.

        Args:
            images: (I, 3, H, W), normalised, sides multiples of ``divisor``.
            padding_mask: (I, H, W) bool, True = padding; None: no padding.

        Raises:
            ValueError: the sides do not fit: a part would be cut off.
        """
        height, width = images.shape[-2:]
        if height % self.divisor or width % self.divisor:
            raise ValueError(
                f'{self.model_type} needs a canvas whose sides are multiples of '
                f'{self.divisor}, not {width} x {height}: set canvas, or '
                f"dict(type='PadToDivisor', divisor={self.divisor}) in the pipeline")
        if not self.reads_padding or (
                padding_mask is not None and reads_values(padding_mask)
                and not padding_mask.any()):
            padding_mask = None
        if self.model_type in TOWERS:
            return self._tower(images, padding_mask)
        options = {}
        if padding_mask is not None:
            options['attention_mask'] = self._attention_mask(padding_mask, images.dtype)
        return tuple(self.run(images, **options).feature_maps)

    def _patch_padding(self, padding_mask: Tensor) -> Tensor:
        """Return which patches (I, h * w) are padding entirely, of pixels (I, H, W)."""
        side = self.divisor
        cells = padding_mask.unflatten(2, (-1, side)).unflatten(1, (-1, side))
        return cells.all(4).all(2).flatten(1)

    def _attention_mask(self, padding_mask: Tensor, dtype: torch.dtype) -> Tensor:
        """Return the mask (I, 1, 1, N) that is added to scores of attention."""
        patches = self._patch_padding(padding_mask)
        first = patches.new_zeros((patches.shape[0], self.prefix))
        mask = additive_mask(torch.cat([first, patches], dim=1), dtype)
        assert mask is not None  # there is padding
        return mask

    def _tower(self, images: Tensor,
               padding_mask: Optional[Tensor]) -> tuple[Tensor, ...]:
        """Return the maps of CLIP, SigLIP or SigLIP2."""
        height, width = (side // self.divisor for side in images.shape[-2:])
        last = self.model.config.num_hidden_layers
        options: dict[str, Any] = dict(
            output_hidden_states=any(index < last for index in self.out_indices))
        if self.model_type == 'siglip2_vision_model':
            patches, mask = self._cut(images), None
            if padding_mask is not None:
                mask = self._patch_padding(padding_mask).logical_not().long()
            shapes = whole_numbers([height, width], images.device
                                   ).repeat(images.shape[0], 1)
            out = self.run(patches, pixel_attention_mask=mask, spatial_shapes=shapes,
                           **options)
        else:
            if padding_mask is not None:
                options['attention_mask'] = self._attention_mask(padding_mask,
                                                                 images.dtype)
            out = self.run(images, interpolate_pos_encoding=True, **options)
        states = [out.last_hidden_state if index == last else out.hidden_states[index]
                  for index in self.out_indices]
        return tuple(
            state[:, self.prefix:].transpose(1, 2).unflatten(2, (height, width))
            for state in states)

    def _cut(self, images: Tensor) -> Tensor:
        """Return patches (I, h * w, P * P * 3), as SigLIP2 wants them."""
        side = self.divisor
        cells = images.unflatten(3, (-1, side)).unflatten(2, (-1, side))
        return cells.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)


def backbone_maps(backbone: Any, images: Tensor,
                  padding_mask: Tensor) -> Sequence[Tensor]:
    """Return the maps of a backbone; one that reads padding is given the mask.

    Args:
        backbone: any backbone.
        images: (I, 3, H, W).
        padding_mask: (I, H, W) bool, True = padding.
    """
    if getattr(backbone, 'reads_padding', False):
        return backbone(images, padding_mask)
    return backbone(images)
