"""What a grounder found, in plain types, and the files that keep it."""
from pathlib import Path
from typing import Any, Optional, Sequence

import numpy as np
from mmengine.structures import InstanceData
from PIL import Image

from segvg.structures import GroundingDataSample
from segvg.structures.answers import AnswerRule
from segvg.structures.masks import encode_rle

NOTHING = dict(bbox=None, score=None, mask=None)


def describe(sample: GroundingDataSample, rule: Optional[AnswerRule] = None
             ) -> dict[str, Any]:
    """Return the answer of a sample in plain types.

    Args:
        sample: with predictions.
        rule: which predictions are the answer; None: the best one.

    Returns:
        ``text``, ``bbox``, ``score`` and ``mask`` of the best prediction and
        ``no_target``. With a rule also ``targets``, a list of all that are the answer,
        and ``no_target_score``, or None where the model sets none.
    """
    none = sample.get('no_target_score')
    found = sample.pred_instances
    if rule is not None:
        found = rule.select(found, none)
    best = plain(found, int(found.scores.argmax())) if len(found) else NOTHING
    answer = dict(text=sample.text, **best, no_target=not len(found))
    if rule is not None:
        answer['targets'] = [plain(found, place) for place in range(len(found))]
        answer['no_target_score'] = None if none is None else float(none)
    return answer


def plain(found: InstanceData, place: int) -> dict[str, Any]:
    """Return box, score and mask of one prediction; the mask as a run-length code."""
    mask = encode_rle(found.masks[place].numpy()) if 'masks' in found else None
    return dict(bbox=found.bboxes[place].tolist(), score=float(found.scores[place]),
                mask=mask)


def write_pictures(out_dir: Path, path: Optional[str], number: int,
                   found: Sequence[dict], drawn: Sequence[np.ndarray]) -> list[dict]:
    """Write the pictures of an image; return its entries of ``predictions.json``.

    Args:
        out_dir: folder.
        path: of the image, None where it was given as an array.
        number: of the image.
        found: answers.
        drawn: their pictures (H', W', 3) uint8 RGB.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    records = []
    for place, (prediction, picture) in enumerate(zip(found, drawn)):
        name = f'{number:04d}_{place}_{Path(path or "image").stem}.jpg'
        Image.fromarray(picture).save(out_dir / name, quality=92)
        records.append(dict(image=path, picture=name, **prediction))
    return records
