"""A model without a network, and a photograph, for the tests of the page."""
from pathlib import Path

import numpy as np
from PIL import Image

from segvg.apis.answers import Answer
from segvg.apis.phrases import PHRASE_TRANSFORMS
from segvg.demo.answers import Model

SIZE = (48, 60)  # rows, columns


class Ground:
    """Answers like ``GroundingInferencer``: boxes one beside the other.

    A text with *zebra* in it is not in any image. ``asked`` has the calls.
    """
    phrase_model = 'no_model'

    def __init__(self, *transforms: str) -> None:
        self.reads_phrases = not set(transforms).isdisjoint(PHRASE_TRANSFORMS)
        self.needs_phrases = 'TokenizePhrases' in transforms
        self.asked: list[tuple] = []

    def __call__(self, image, texts, phrases=None):
        self.asked.append((image.shape, list(texts), phrases))
        found = [self.answer(text, index)
                 for index, text in enumerate(phrases or texts)]
        return dict(predictions=[found])

    def warnings_of(self, text: str) -> list[str]:
        return []

    def answer(self, text: str, index: int) -> Answer:
        if 'zebra' in text:
            return Answer(text=text, bbox=None, score=None, mask=None, no_target=True,
                          targets=[], no_target_score=0.93)
        left = 5.0 + 12 * index
        return Answer(text=text, bbox=[left, 10.0, left + 10, 30.0], score=0.75,
                      mask=None, no_target=False)


def make_model(*transforms: str, name: str = 'made') -> Model:
    """Return a model with a pipeline of these transforms."""
    return Model(name, Ground(*transforms))


def make_photograph(folder: Path, name: str = 'photo.png', **kwargs) -> Path:
    """Write a photograph of ``SIZE`` and return its path."""
    path = folder / name
    Image.fromarray(np.full((*SIZE, 3), 90, np.uint8)).save(path, **kwargs)
    return path
