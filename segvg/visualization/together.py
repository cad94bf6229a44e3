"""All answers about one image on one picture, in numbered colors."""
from typing import Optional, Sequence

import numpy as np

from segvg.structures import GroundingDataSample
from segvg.structures.answers import AnswerRule, answer_indices
from segvg.visualization.colors import NUMBER_COLORS
from segvg.visualization.drawing import Layer, draw_picture

MAX_CHARACTERS = 60  # of an expression in the legend


def draw_together(image: np.ndarray, samples: Sequence[GroundingDataSample], *,
                  rule: Optional[AnswerRule] = None,
                  longest_side: Optional[int] = None) -> np.ndarray:
    """Return a picture (H', W', 3) uint8 with the answers to several expressions.

    The n-th expression has the n-th color and the number n at each of its boxes; the
    legend has number, expression and score. With more expressions than colors the
    colors start again, the numbers do not.

    Args:
        image: (H0, W0, 3) uint8 RGB.
        samples: one per expression, with predictions.
        rule: which predictions are the answer; None: the best one.
        longest_side: an image with a longer side is made smaller, in pixels.
    """
    layers = [_layer(sample, number, rule) for number, sample in enumerate(samples, 1)]
    count = len(samples)
    title = '1 expression' if count == 1 else f'{count} expressions'
    return draw_picture(image, title, layers, longest_side=longest_side)


def _layer(sample: GroundingDataSample, number: int,
           rule: Optional[AnswerRule]) -> Layer:
    """Return what is drawn of an answer."""
    found = sample.pred_instances
    found = found[answer_indices(found, rule, sample.get('no_target_score'))]
    missing = 'nothing predicted' if rule is None else 'not in this image'
    text = sample.get('text', '')
    if len(text) > MAX_CHARACTERS:
        text = f'{text[:MAX_CHARACTERS - 1]}…'
    scores = sorted(found.scores.tolist(), reverse=True)
    told = ' '.join(f'{score:.2f}' for score in scores[:3]) or missing
    masks = found.masks.cpu().numpy().astype(bool) if 'masks' in found else []
    return Layer(f'{number}  {text}: {told}',
                 NUMBER_COLORS[(number - 1) % len(NUMBER_COLORS)],
                 found.bboxes.float().cpu().numpy(),
                 np.logical_or.reduce(masks) if len(masks) else None, str(number))
