"""Grounding DINO and MM-Grounding-DINO: detectors that read a sentence."""
from typing import ClassVar, NamedTuple

from torch import Tensor

from segvg.models.grounders.foundation.base import Answer, FoundationGrounder
from segvg.models.grounders.foundation.published import repeat, replaying
from segvg.registry import MODELS


class EncodedImage(NamedTuple):
    """Pixels (1, 3, H, W), their mask (1, H, W), 1 = image, and maps of the backbone.

    ``maps`` are pairs of features (1, C, h, w) and mask (1, h, w); ``pos`` their
    position encodings.
    """
    pixels: Tensor
    mask: Tensor
    maps: list[tuple[Tensor, Tensor]]
    pos: list[Tensor]


@MODELS.register_module()
class GroundingDINO(FoundationGrounder):
    """Grounding DINO, by transformers.

    Liu et al., "Grounding DINO: Marrying DINO with Grounded Pre-Training for Open-Set
    Object Detection", ECCV 2024. Image and text are joined from the encoder on; only
    the backbone runs once per image. A box has the score of the token that it fits
    best, as published for whole sentences. The network never says "none": that is left
    to the threshold of the metric.

    Args:
        name: e.g. ``IDEA-Research/grounding-dino-tiny``.
        prompt: the text is written in lower case and ends in a dot, as in training.
        **kwargs: of ``FoundationGrounder``.
    """
    kinds: ClassVar[tuple[str, ...]] = ('grounding-dino', )
    network_class: ClassVar[str] = 'GroundingDinoForObjectDetection'
    processor_class: ClassVar[str] = 'GroundingDinoImageProcessor'

    def __init__(self, name: str, *, prompt: str = '{text}.', **kwargs) -> None:
        super().__init__(name, prompt=prompt, **kwargs)

    def encode_image(self, image: Tensor) -> EncodedImage:
        """Return the maps of the backbone of an image (3, H0, W0) uint8."""
        prepared = self.processor(image.numpy(), return_tensors='pt')
        pixels = self.pixels(prepared['pixel_values'])
        mask = prepared['pixel_mask'].to(self.device)
        maps, pos = self.network.model.backbone(pixels, mask)
        return EncodedImage(pixels, mask, maps, pos)

    def ground(self, encoded: EncodedImage, prompts: list[str]) -> list[Answer]:
        """Return the answer to each prompt about an encoded image."""
        tokens = self.tokenize([text.lower() for text in prompts],
                               return_token_type_ids=True)
        count = len(prompts)
        # lists of their own: the network appends its coarsest level to them
        known = ([(repeat(map_, count), repeat(mask, count))
                  for map_, mask in encoded.maps],
                 [repeat(pos, count) for pos in encoded.pos])
        with replaying(self.network.model.backbone, known):
            out = self.network(
                pixel_values=repeat(encoded.pixels, count),
                pixel_mask=repeat(encoded.mask, count), **tokens)
        scores = out.logits.float().sigmoid().amax(-1)
        return [Answer(*pair) for pair in zip(out.pred_boxes, scores)]


@MODELS.register_module()
class MMGroundingDINO(GroundingDINO):
    """MM-Grounding-DINO, by transformers: the same design, trained again in the open.

    Zhao et al., "An Open and Comprehensive Pipeline for Unified Object Grounding and
    Detection", 2024.
    """
    kinds: ClassVar[tuple[str, ...]] = ('mm-grounding-dino', )
    network_class: ClassVar[str] = 'MMGroundingDinoForObjectDetection'
