"""Models that answer in words, from which boxes are read."""
from typing import Any, ClassVar

import torch

from segvg.models.grounders.foundation.base import Answer, FoundationGrounder
from segvg.models.grounders.foundation.parsers import find_parser
from segvg.structures.boxes import xyxy_to_cxcywh

#: Words have no scores, so those of the boxes fall from 1 by this step: the first box
#: counts as the best, and 100 boxes are all above a threshold of 0.9.
SCORE_STEP = 0.001


class TextGrounder(FoundationGrounder):
    """A model that writes its answer.

    An answer that the parser cannot read always counts as wrong. The result card has
    their number, and the words of every answer.

    Args:
        name: on the hub.
        parser: how answers are read, see ``parsers``.
        max_new_tokens: of an answer.
        num_beams: of the search; 1 takes the likeliest token. There is no random
            sampling.
        **kwargs: of ``FoundationGrounder``.
    """
    max_tokens: ClassVar[int] = 512

    def __init__(self, name: str, *, parser: str, max_new_tokens: int,
                 num_beams: int = 1, **kwargs) -> None:
        super().__init__(name, **kwargs)
        self.parser = find_parser(parser)
        self.max_new_tokens, self.num_beams = max_new_tokens, num_beams

    def card_entry(self) -> dict[str, Any]:
        """Return what a result card says of the model, with its parser."""
        return dict(super().card_entry(), parser=self.parser.name,
                    max_new_tokens=self.max_new_tokens, num_beams=self.num_beams)

    @property
    def search(self) -> dict[str, Any]:
        """Arguments of ``generate`` that say how an answer is searched for."""
        return dict(max_new_tokens=self.max_new_tokens, num_beams=self.num_beams,
                    do_sample=False)

    def read(self, text: str, size: tuple[float, float]) -> Answer:
        """Return the answer that words contain.

        Args:
            text: the words.
            size: width and height of the image in the unit of their coordinates.
        """
        boxes, readable = self.parser.read(text, size)
        scores = 1 - SCORE_STEP * torch.arange(len(boxes), dtype=torch.float32)
        return Answer(
            xyxy_to_cxcywh(torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)),
            scores, no_target_score=float(readable and not boxes), text=text,
            readable=readable)
