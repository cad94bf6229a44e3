"""Partial-RES: contours learned from a few masks and many boxes."""
from segvg.models.grounders.seqtr import SeqTR
from segvg.registry import MODELS


@MODELS.register_module()
class PartialRES(SeqTR):
    """Learning to segment every referring object point by point.

    Qu et al., CVPR 2023. SeqTR's contours from one to ten per cent of the masks: start
    from a model trained on boxes, train on the labelled masks, predict contours for the
    rest, keep those that fill their box, train again.

    New in the model against ``SeqTR``: the sentence is a token of the encoder
    (``SentenceTokenProduct``); a coordinate carries the image content of its row or
    column, the decoder looks around a point that it predicts, and the start token is
    learned (``ContourHead``).

    Quirks kept, since trained weights depend on them: those of ``SeqTR``; rows and
    columns of the content are exchanged (``swap_axes``) and padded cells count in it.
    """
