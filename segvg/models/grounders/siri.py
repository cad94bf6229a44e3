"""SiRi: an encoder that is kept while everything around it starts again."""
from segvg.models.grounders.two_tower import TwoTowerGrounder
from segvg.registry import MODELS


@MODELS.register_module()
class SiRi(TwoTowerGrounder):
    """SiRi: a simple selective retraining mechanism for transformer-based grounding.

    Qu et al., ECCV 2022. New: a schedule. A model is trained to the end, then again
    with only its joint encoder carried over, and so on for eight to ten rounds
    (``tools/siri.py``). The model is MDETR without its pre-training and with two
    classes (the object, no object) instead of tokens; multi-task SiRi has a second
    decoder, with constant queries, on the same encoder.

    Parts: ``image_encoder`` (``MidFeatureEncoder`` without transformer layers),
    ``language_encoder`` (``LanguageTransformer``, RoBERTa), ``fusion``
    (``SineJointEncoder``, the part that is kept) and ``head`` (``SetBoxHead``).

    Quirks kept, since trained weights depend on them: the squeezed grid of the constant
    queries (``grid_queries``); only the last decoder predicts at test
    (``predict_from='last'``); the classification loss is divided by the number of
    targets, not of queries; weight decay on everything. Left out: the second encoder,
    language model and projection, which the published code builds and never runs.
    """
