"""Convert samples to answers, and write answers to files."""
import json
import time
from pathlib import Path
from typing import Any, Optional, Sequence, Union

import numpy as np
from mmengine.structures import InstanceData

from segvg.apis.answers import Answer
from segvg.apis.inputs import ImageInput, path_of, picture_names
from segvg.structures import GroundingDataSample
from segvg.structures.answers import AnswerRule, answer_indices
from segvg.structures.masks import encode_rle
from segvg.utils.files import write_whole

NOTHING = dict(bbox=None, score=None, mask=None)


def describe(sample: GroundingDataSample, rule: Optional[AnswerRule] = None
             ) -> Answer:
    """Return the answer of a sample in plain types.

    Args:
        sample: with predictions.
        rule: which predictions are the answer; None: the best one.

    Returns:
        ``text``, ``bbox``, ``score`` and ``mask`` of the best prediction and
        ``no_target``. With a rule also ``targets``, a list of all predictions that are
        the answer, and ``no_target_score``, None if the model does not give one. For a
        model that answers in words also ``answer_text``, and ``unreadable``: whether
        these words could not be parsed.
    """
    none = sample.get('no_target_score')
    found = sample.pred_instances
    found = found[answer_indices(found, rule, none)]
    best = plain(found, int(found.scores.argmax())) if len(found) else NOTHING
    answer = Answer(text=sample.text, **best, no_target=not len(found))
    if rule is not None:
        answer['targets'] = [plain(found, index) for index in range(len(found))]
        answer['no_target_score'] = None if none is None else float(none)
    answer.update({key: sample.get(key) for key in ('answer_text', 'unreadable')
                   if key in sample})
    return answer


def plain(found: InstanceData, index: int) -> dict[str, Any]:
    """Return box, score and mask of one prediction; the mask as a run-length code."""
    mask = encode_rle(found.masks[index].numpy()) if 'masks' in found else None
    return dict(bbox=found.bboxes[index].tolist(), score=float(found.scores[index]),
                mask=mask)


class AnswerFiles:
    """A folder with a picture of each answer and all answers in ``predictions.json``.

    A context manager. That file is rewritten every few seconds and at the end. When the
    run is stopped or fails, it holds the answers so far.

    Args:
        folder: folder for the files; created if it does not exist.
    """
    NAME = 'predictions.json'
    #: Least number of seconds between two writes of the file.
    INTERVAL = 5.0
    #: Largest share of the time that is spent on writing it.
    SHARE = 0.05

    def __init__(self, folder: Union[str, Path]) -> None:
        self.folder = Path(folder)
        self.records: list[dict] = []
        self._next = time.monotonic() + self.INTERVAL

    def __enter__(self) -> 'AnswerFiles':
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, kind: Optional[type], *_: object) -> None:
        if kind is None or self.records:
            self.write()

    def add(self, image: ImageInput, number: int, found: Sequence[dict],
            drawn: Sequence[np.ndarray], *, together: bool = False) -> None:
        """Write the pictures of an image and keep its answers.

        Args:
            image: its path or address, or the image.
            number: index of the image.
            found: answers.
            drawn: their pictures (H', W', 3) uint8 RGB, or one picture of all.
            together: whether all answers are on one picture.
        """
        from segvg.visualization.drawing import save_picture  # slow: matplotlib
        names = list(picture_names(image, number, len(found), together=together))
        for name, picture in zip(names, drawn):
            save_picture(self.folder / name, picture)
        for index, prediction in enumerate(found):
            name = names[0 if together else index]
            self.records.append(dict(image=path_of(image), picture=name, **prediction))
        if time.monotonic() > self._next:
            self.write()

    def write(self) -> None:
        """Write the answers so far."""
        start = time.monotonic()
        text = json.dumps(self.records, indent=2, ensure_ascii=False)
        write_whole(self.folder / self.NAME, text + '\n')
        end = time.monotonic()
        self._next = end + max(self.INTERVAL, (end - start) / self.SHARE)
