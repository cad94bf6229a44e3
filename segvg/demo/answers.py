"""Ask a model the sentences of a visitor; draw the answers, or return them as JSON."""
import logging
import threading
from pathlib import Path
from typing import Any, Iterator, NamedTuple, Optional, Sequence

import numpy as np

from segvg.apis import GroundingInferencer
from segvg.apis.answers import Answer
from segvg.apis.phrases import locate_phrases, noun_phrases
from segvg.demo.limits import Question
from segvg.structures.masks import decode_rle
from segvg.utils.errors import InputError
from segvg.visualization.colors import NUMBER_COLORS, Color
from segvg.visualization.drawing import Layer, draw_panels

#: Pixels of the longer side of a picture; a larger photograph is made smaller.
LONGEST_SIDE = 1600


class Reply(NamedTuple):
    """What was answered to a line.

    Attributes:
        text: the sentence or caption.
        answers: as ``GroundingInferencer`` returns them: one, or one for each phrase.
        spans: of the phrases, begin and end in the text; empty for a whole sentence.
        warnings: why the answers may be unreliable.
    """
    text: str
    answers: Sequence[Answer]
    spans: Sequence[tuple[int, int]] = ()
    warnings: Sequence[str] = ()


class Item(NamedTuple):
    """An answer with its number, from 1, and its color."""
    number: int
    color: Color
    answer: Answer


class Model:
    """A model with a name, which answers one visitor at a time.

    Args:
        name: what the page calls it.
        ground: the model.
    """

    def __init__(self, name: str, ground: GroundingInferencer) -> None:
        self.name = name
        self.ground = ground
        self._lock = threading.Lock()

    def ask(self, image: np.ndarray, questions: Sequence[Question]) -> list[Reply]:
        """Return a reply to every question.

        The image is encoded once for all whole sentences, and once for each caption
        with phrases.

        Args:
            image: (H0, W0, 3) uint8 RGB.
            questions: at least one.

        Raises:
            InputError: the model reads no phrases, or needs them.
        """
        questions = [self._with_phrases(question) for question in questions]
        whole = [question.text for question in questions if not question.phrases]
        with self._lock:
            found = iter(self._ground(image, whole) if whole else ())
            return [
                self._reply(question, self._ground(image, [question.text],
                                                   question.phrases))
                if question.phrases else self._reply(question, [next(found)])
                for question in questions]

    def _ground(self, image: np.ndarray, texts: Sequence[str],
                phrases: Optional[Sequence[str]] = None) -> list[Answer]:
        """Return the answers to texts about an image."""
        return self.ground(image, texts, phrases=phrases)['predictions'][0]

    def _with_phrases(self, question: Question) -> Question:
        """Return a question as this model reads it."""
        if question.phrases and not self.ground.reads_phrases:
            raise InputError(f'{self.name} finds whole sentences and reads no marked '
                             'phrases: leave out the brackets.')
        if question.phrases or not self.ground.needs_phrases:
            return question
        try:
            return question._replace(phrases=tuple(noun_phrases(
                question.text, self.ground.phrase_model)))
        except ValueError as error:
            logging.getLogger(__name__).info('%s', error)
            raise InputError(
                f'{self.name} finds the phrases of a caption: mark them, as in '
                '[a man] next to [two dogs].') from None

    def _reply(self, question: Question, answers: Sequence[Answer]) -> Reply:
        """Return the reply to a question."""
        spans = [tuple(record['span'][0])
                 for record in locate_phrases(question.text, question.phrases)]
        return Reply(question.text, answers, spans,
                     list(self.ground.warnings_of(question.text)))


def number_answers(replies: Sequence[Reply]) -> list[list[Item]]:
    """Return the answers of each reply with numbers and colors."""
    numbered, number = [], 0
    for reply in replies:
        items = []
        for answer in reply.answers:
            color = NUMBER_COLORS[number % len(NUMBER_COLORS)]
            items.append(Item(number + 1, color, answer))
            number += 1
        numbered.append(items)
    return numbered


def draw_replies(image: np.ndarray, replies: Sequence[Reply]) -> np.ndarray:
    """Return the picture (H, W, 3) uint8 of replies about an image (H0, W0, 3)."""
    items = [item for group in number_answers(replies) for item in group]
    return draw_panels(image, list(_layers(items)), longest_side=LONGEST_SIDE)


def _layers(items: Sequence[Item]) -> Iterator[Layer]:
    """Yield what is drawn of answers."""
    for item in items:
        bboxes = [target['bbox'] for target in item.answer.found if target['bbox']]
        masks = [decode_rle(target['mask']) for target in item.answer.found
                 if target.get('mask')]
        yield Layer(item.answer['text'], item.color,
                    np.array(bboxes, dtype=np.float64).reshape(-1, 4),
                    np.logical_or.reduce(masks) if masks else None,
                    str(item.number))


def to_json(replies: Sequence[Reply], image: np.ndarray, model: str = '',
            name: str = '') -> dict[str, Any]:
    """Return replies in plain values.

    Boxes are xyxy in pixels of the upright photograph, masks run-length codes.

    Args:
        replies: about one image.
        image: (H0, W0, 3) uint8.
        model: its name.
        name: of the image file.
    """
    answers = []
    for reply, items in zip(replies, number_answers(replies)):
        for index, item in enumerate(items):
            span = dict(span=list(reply.spans[index])) if reply.spans else {}
            answers.append(dict(number=item.number, sentence=reply.text, **span,
                                **item.answer))
    height, width = image.shape[:2]
    return dict(model=model, image=Path(name).name, width=width, height=height,
                answers=answers)
