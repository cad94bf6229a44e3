"""An image encoder and a language encoder that meet in a fusion neck."""
from typing import Optional

from segvg.models.grounders.base import BaseGrounder
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, GroundingBatch, Tokens


@MODELS.register_module()
class TwoTowerGrounder(BaseGrounder):
    """Two encoders that do not see each other, then a fusion neck and a head.

    TransVG is this grounder with ``DETREncoder``, ``LanguageTransformer``,
    ``JointEncoder`` (one learned token) and ``BoxHead``.

    Args:
        image_encoder: config; gives image tokens from images and padding mask.
        language_encoder: config; gives text tokens from ``TextTokens``.
        fusion: config of the neck; gives ``FusedFeatures`` from text and image tokens.
        head: config of the head.
        data_preprocessor: config of the data preprocessor.
        init_cfg: mmengine's.

    Source: Deng et al., "TransVG: End-to-End Visual Grounding with Transformers",
    ICCV 2021.
    """

    def __init__(self,
                 image_encoder: dict,
                 language_encoder: dict,
                 fusion: dict,
                 head: dict,
                 *,
                 data_preprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(head, data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.image_encoder = MODELS.build(image_encoder)
        self.language_encoder = MODELS.build(language_encoder)
        self.fusion = MODELS.build(fusion)

    def encode_image(self, inputs: GroundingBatch) -> Tokens:
        """Return image tokens (I, h * w, C)."""
        return self.image_encoder(inputs.images, inputs.padding_mask)

    def fuse(self, image: Tokens, inputs: GroundingBatch) -> FusedFeatures:
        """Return the fused features of B expressions; image is (B, h * w, C)."""
        text = self.language_encoder(inputs.text)
        return self.fusion(text, image, tuple(inputs.images.shape[-2:]))
