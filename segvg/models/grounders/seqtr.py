"""SeqTR: a box or a contour written down point by point."""
from segvg.models.backbones.huggingface import backbone_maps
from segvg.models.grounders.two_tower import TwoTowerGrounder
from segvg.registry import MODELS
from segvg.structures import GroundingBatch, Tokens


@MODELS.register_module()
class SeqTR(TwoTowerGrounder):
    """SeqTR: a simple yet universal network for visual grounding.

    Zhu et al., ECCV 2022. Boxes and masks are sequences of coordinates: two corners, or
    the points of a contour. A causal decoder predicts one coordinate after the other as
    a class among bins; one cross entropy is the whole loss.

    Parts: ``image_encoder`` (``DarkNet53``), ``language_encoder`` (``WordVectorGRU``),
    ``fusion`` (``GatedProduct``: maps merged, multiplied by the sentence, related by a
    transformer encoder), ``head`` (``SequenceHead`` with a ``BoxPart``, a
    ``ContourPart`` or both).

    Quirks kept, since trained weights depend on them: pixels from 0 to 255 (mean 0, std
    1 / 255 of the data preprocessor); batch statistics in frozen layers; padding words
    run through the GRU (``text_length``); coordinates are relative to each image's own
    canvas although the batch is padded to the largest.
    """

    def encode_image(self, inputs: GroundingBatch) -> Tokens:
        """Return the image's factor of the product, (I, h * w, C)."""
        maps = backbone_maps(self.image_encoder, inputs.images, inputs.padding_mask)
        return self.fusion.image_tokens(maps, inputs.padding_mask)
