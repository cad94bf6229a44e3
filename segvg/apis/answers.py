"""Answers of a grounder as plain values, and their conversion for other programs."""
from typing import Any, Optional, Sequence

import numpy as np

from segvg.structures.masks import decode_rle

CATEGORY = dict(id=1, name='object')  # the expression names the object


class Answer(dict):
    """The answer to one expression, a dict of plain values.

    ``text``, ``no_target``, and ``bbox``, ``score`` and ``mask`` of the best
    prediction; a model for generalized grounding adds ``targets`` and
    ``no_target_score``.
    """

    @property
    def found(self) -> list[dict]:
        """The N >= 0 targets, each with ``bbox``, ``score`` and ``mask``."""
        if self['no_target']:
            return []
        return self.get('targets', [self])

    @property
    def bboxes(self) -> np.ndarray:
        """Boxes (N, 4) float32 of the targets, xyxy pixels of the image."""
        return np.array([item['bbox'] for item in self.found],
                        dtype=np.float32).reshape(-1, 4)

    @property
    def scores(self) -> np.ndarray:
        """Scores (N,) float32 of the targets."""
        return np.array([item['score'] for item in self.found], dtype=np.float32)

    @property
    def masks(self) -> Optional[np.ndarray]:
        """Masks (N, H0, W0) bool of the targets; None if N = 0 or one has none."""
        codes = [item['mask'] for item in self.found]
        if not codes or None in codes:
            return None
        return np.stack([decode_rle(code) for code in codes])

    def to_supervision(self) -> Any:
        """Return ``supervision.Detections``; see ``ImageAnswers.to_supervision``."""
        return detections([self])


class ImageAnswers(list):
    """The answers to the expressions of one image, in their order.

    Attributes:
        image: path or address of the image; None for an image in memory.
        size: height and width of the image; (0, 0) if it was skipped.
    """

    def __init__(self, answers: Sequence[Answer] = (), *,
                 image: Optional[str] = None, size: tuple[int, int] = (0, 0)) -> None:
        super().__init__(answers)
        self.image = image
        self.size = size

    def to_supervision(self) -> Any:
        """Return all targets as ``supervision.Detections``.

        ``class_id`` is the index of the expression, ``data['class_name']`` the
        expression.

        Raises:
            ImportError: supervision is not installed.
        """
        return detections(self)

    def to_coco(self) -> dict[str, list]:
        """Return the answers in COCO format; see ``Answers.to_coco``."""
        return coco_content([self])


class Answers(dict):
    """``predictions``, an ``ImageAnswers`` for each image, and ``visualization``."""

    def to_coco(self) -> dict[str, list]:
        """Return the answers in COCO format: images, annotations, categories.

        Each target becomes an annotation with its ``score``, and its expression in
        ``sentences``, which ``tools/prepare_data.py coco`` reads. Skipped images are
        left out.
        """
        return coco_content(self['predictions'])


def detections(answers: Sequence[Answer]) -> Any:
    """Return the targets of answers about one image as ``supervision.Detections``."""
    try:
        import supervision
    except ImportError as error:
        raise ImportError('to_supervision needs the package supervision: pip install '
                          "'segvg[supervision]'") from error
    counts = [len(answer.found) for answer in answers]
    masks = [answer.masks for answer in answers if answer.found]
    has_masks = bool(masks) and all(mask is not None for mask in masks)
    texts = [answer['text'] for answer in answers]
    return supervision.Detections(
        xyxy=np.concatenate([np.zeros((0, 4), np.float32),
                             *(answer.bboxes for answer in answers)]),
        mask=np.concatenate(masks) if has_masks else None,
        confidence=np.concatenate([np.zeros(0, np.float32),
                                   *(answer.scores for answer in answers)]),
        class_id=np.repeat(np.arange(len(answers)), counts),
        data=dict(class_name=np.repeat(np.array(texts, dtype=str), counts)))


def coco_content(images: Sequence[ImageAnswers]) -> dict[str, list]:
    """Return the answers about images in COCO format."""
    content: dict[str, list] = dict(images=[], annotations=[], categories=[CATEGORY])
    for number, answers in enumerate(images, 1):
        height, width = answers.size
        if not height:
            continue
        content['images'].append(dict(
            id=number, file_name=answers.image or f'image_{number}', width=width,
            height=height))
        for answer in answers:
            for item in answer.found:
                content['annotations'].append(_annotation(
                    item, answer['text'], number, len(content['annotations']) + 1))
    return content


def _annotation(item: dict, text: str, image_id: int, number: int) -> dict[str, Any]:
    """Return the COCO annotation of a target."""
    x1, y1, x2, y2 = item['bbox']
    area = (x2 - x1) * (y2 - y1)
    if item['mask'] is not None:
        area = int(decode_rle(item['mask']).sum())
    return dict(id=number, image_id=image_id, category_id=CATEGORY['id'],
                bbox=[x1, y1, x2 - x1, y2 - y1], area=area, iscrowd=0,
                score=item['score'], sentences=[text],
                **({} if item['mask'] is None else dict(segmentation=item['mask'])))
