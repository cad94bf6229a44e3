"""OWLv2: one box a patch, compared with the vector of a text."""
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from segvg.models.grounders.foundation.base import Answer, FoundationGrounder
from segvg.registry import MODELS


class EncodedImage(NamedTuple):
    """Features (1, N, C) of N patches and their boxes (N, 4), cxcywh of the image."""
    feats: Tensor
    boxes: Tensor


@MODELS.register_module()
class OWLv2(FoundationGrounder):
    """OWLv2, by transformers.

    Minderer et al., "Scaling Open-Vocabulary Object Detection", NeurIPS 2023. Features
    and boxes of the patches do not see the text, so they are computed once per image.
    The network never says "none": that is left to the threshold of the metric.

    Quirks: images are padded to a square at the right and the bottom before they are
    scaled; a text has at most 16 tokens, and a longer one is cut, with a warning.

    Args:
        name: e.g. ``google/owlv2-base-patch16-ensemble``.
        **kwargs: of ``FoundationGrounder``.
    """
    kinds: ClassVar[tuple[str, ...]] = ('owlv2', )
    network_class: ClassVar[str] = 'Owlv2ForObjectDetection'
    processor_class: ClassVar[str] = 'Owlv2ImageProcessor'
    max_tokens: ClassVar[int] = 16

    def encode_image(self, image: Tensor) -> EncodedImage:
        """Return features and boxes of the patches of an image (3, H0, W0) uint8."""
        prepared = self.processor(image.numpy(), return_tensors='pt')
        grid = self.network.image_embedder(self.pixels(prepared['pixel_values']))[0]
        feats = grid.flatten(1, 2)
        boxes = self.network.box_predictor(feats, grid)[0].float()
        height, width = image.shape[-2:]
        side = max(height, width)
        return EncodedImage(feats, boxes * boxes.new_tensor(
            [side / width, side / height, side / width, side / height]))

    def ground(self, encoded: EncodedImage, prompts: list[str]) -> list[Answer]:
        """Return the answer to each prompt about an encoded image."""
        tokens = self.tokenize(prompts, padding='max_length')
        queries = self.network.owlv2.get_text_features(**tokens).pooler_output
        queries = queries / torch.linalg.norm(queries, dim=-1, keepdim=True)
        logits, _ = self.network.class_predictor(encoded.feats, queries[None])
        scores = logits[0].float().sigmoid()  # (N, B)
        return [Answer(encoded.boxes, column) for column in scores.unbind(1)]
