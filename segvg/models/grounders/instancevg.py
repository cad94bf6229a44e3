"""InstanceVG: instances that start from words and points, on one joint transformer."""
from typing import Optional

from segvg.models.grounders.base import BaseGrounder
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, GroundingBatch, Tokens


@MODELS.register_module()
class InstanceVG(BaseGrounder):
    """Boxes, masks, several targets or none from one head.

    Dai et al., TPAMI 2025 (arXiv 2509.13747). Image and expression pass through one
    transformer, BEiT-3. Each query starts from a word and from a point of the image
    that the words attend to, and becomes a class, a box and a mask. The mask of all
    targets together is predicted besides, and whether there is a target at all; the
    answer is the union of that mask and of the instances with a high score.

    Parts: ``encoder`` (``BEiT3``), ``neck`` (``MaskPyramid``), ``head``
    (``InstanceHead`` with ``InstanceLoss`` and ``PointMatcher``).

    Quirks kept, since trained weights depend on them: where a query looks may lie
    beyond the image and is not refined; classes and boxes of all layers but the last
    are not weighted; a map of softmax values is supervised as if they were logits and
    carries the noise of dropout; scores are multiplied by the sigmoid of one of two
    logits. configs/instancevg/README.md has all of them.

    Only the embedding of the image does not see the text: the transformer runs once
    for each expression.

    Args:
        encoder: config of the joint encoder.
        neck: config; gives ``FusedFeatures`` with maps from text and image tokens.
        head: config of the head.
        data_preprocessor: config of the data preprocessor.
        init_cfg: mmengine's.
    """

    def __init__(self,
                 encoder: dict,
                 neck: dict,
                 head: dict,
                 *,
                 data_preprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(head, data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.encoder = MODELS.build(encoder)
        self.neck = MODELS.build(neck)

    def encode_image(self, inputs: GroundingBatch) -> Tokens:
        """Return the embedded class token and patches (I, 1 + h * w, C)."""
        return Tokens(self.encoder.embed_image(inputs.images))

    def fuse(self, image: Tokens, inputs: GroundingBatch) -> FusedFeatures:
        """Return the features of B expressions; image is (B, 1 + h * w, C)."""
        encoded = self.encoder.encode_embedded(image.feats, inputs.text)
        height, width = inputs.images.shape[-2:]
        return self.neck(encoded.text, encoded.image, (height, width))
