"""MDETR: every object is tied to the words that name it."""
from segvg.models.grounders.two_tower import TwoTowerGrounder
from segvg.registry import MODELS


@MODELS.register_module()
class MDETR(TwoTowerGrounder):
    """MDETR: modulated detection for end-to-end multi-modal understanding.

    Kamath et al., ICCV 2021. A DETR whose encoder reads image and caption together. A
    query does not predict a class but the tokens of the caption that describe its
    object (soft tokens); matched queries and tokens are pulled together in an embedding
    space (contrastive alignment).

    Parts: ``image_encoder`` (``DETREncoder`` without transformer layers),
    ``language_encoder`` (``LanguageTransformer``, RoBERTa), ``fusion``
    (``SineJointEncoder``) and ``head`` (``SoftTokenHead``, optionally with an
    ``AttentionMaskBranch``).

    Quirks kept, since trained weights depend on them: a target with several tokens has
    ones for all of them, not a distribution; padding words stand in the denominator of
    the alignment. Fixed: where a span begins or ends between tokens, the published
    alignment looks up the neighbours in the first sentence of the batch.
    """
