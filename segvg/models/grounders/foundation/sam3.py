"""SAM 3: all objects of a concept, as masks and boxes, or that there is none."""
from typing import Any, ClassVar

from torch import Tensor

from segvg.models.grounders.foundation.base import Answer, FoundationGrounder
from segvg.models.grounders.foundation.published import (
    SquarePixels,
    processor_settings,
    repeat,
)
from segvg.registry import MODELS
from segvg.structures.boxes import xyxy_to_cxcywh


@MODELS.register_module()
class SAM3(FoundationGrounder):
    """SAM 3 for images, by transformers.

    Carion et al., "SAM 3: Segment Anything with Concepts", 2025. The vision encoder
    runs once per image; its maps are used for all sentences. A presence token says
    whether the concept is in the image at all: the scores are multiplied by its
    confidence, and the ``no_target_score`` is one minus that confidence.

    The model was made for short noun phrases; a sentence with relations is read as one.

    Args:
        name: e.g. ``facebook/sam3``.
        max_boxes: of an answer; every box has a mask of the size of the image.
        **kwargs: of ``FoundationGrounder``.
    """
    kinds: ClassVar[tuple[str, ...]] = ('sam3', 'sam3_video')
    network_class: ClassVar[str] = 'Sam3Model'
    max_tokens: ClassVar[int] = 32

    def __init__(self, name: str, *, max_boxes: int = 20, **kwargs) -> None:
        super().__init__(name, max_boxes=max_boxes, **kwargs)

    def load_processor(self, source: str) -> SquarePixels:
        """Return what prepares an image for the network."""
        return SquarePixels(processor_settings(source), (1008, 1008))

    def encode_image(self, image: Tensor) -> Any:
        """Return the maps of the vision encoder of an image (3, H0, W0) uint8."""
        return self.network.get_vision_features(self.pixels(self.processor(image)))

    def ground(self, encoded: Any, prompts: list[str]) -> list[Answer]:
        """Return the answer to each prompt about an encoded image."""
        count = len(prompts)
        tokens = self.tokenize(prompts, padding='max_length')
        maps = type(encoded)(
            fpn_hidden_states=tuple(
                repeat(map_, count) for map_ in encoded.fpn_hidden_states),
            fpn_position_encoding=tuple(
                repeat(pos, count) for pos in encoded.fpn_position_encoding))
        out = self.network(vision_embeds=maps, input_ids=tokens['input_ids'],
                           attention_mask=tokens['attention_mask'])
        presence = out.presence_logits.float().sigmoid()  # (B, 1)
        scores = out.pred_logits.float().sigmoid() * presence
        boxes = xyxy_to_cxcywh(out.pred_boxes)
        masks = out.pred_masks.float().sigmoid()
        return [Answer(box, score, mask, 1 - float(present))
                for box, score, mask, present in zip(boxes, scores, masks,
                                                     presence[:, 0])]
